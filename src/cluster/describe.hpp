// What is said about each cluster and item.
#pragma once

#include <cstdint>
#include <span>

#include "cluster/rows.hpp"
#include "cluster/watch.hpp"
#include "facenet/clusterer.hpp"

namespace facenet {

/// Everything that Clustering holds, of labels [n] from 0 up in any order; every item is in a cluster.
Clustering described(const Rows& items, std::span<const std::int32_t> labels, Watch& watch);

/// Clustering::outlier of an item, from its squared distance to its own cluster's mean and to the nearest other's.
float outlier_score(double to_mean, std::int32_t size, double to_other);

/// The mean of each cluster's items: [clusters,D].
Embeddings means_of(const Rows& items, const Clustering& clustering);

}  // namespace facenet
