// What is said about each cluster and item.
#pragma once

#include "cluster/watch.hpp"
#include "facenet/clusterer.hpp"

namespace facenet {

/// Fills medoids and outlier scores; labels and sizes are there, and every item is in a cluster.
void describe(const Embeddings& items, Watch& watch, Clustering& result);

}  // namespace facenet
