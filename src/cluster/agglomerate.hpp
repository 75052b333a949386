// Merges of groups, nearest first, by the four linkages; and k-means.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/groups.hpp"
#include "cluster/links.hpp"
#include "cluster/watch.hpp"
#include "facenet/embeddings.hpp"

namespace facenet {

/// Two groups, each named by one of its items, and how far apart they were.
struct Merge {
  std::int32_t a = 0;
  std::int32_t b = 0;
  float distance = 0;
};

/// The merges of all groups at most `limit` apart, in the order in which they happen: the nearest two first. What is
/// bundled in `links` is merged before, and not listed; what must stay apart is never merged. An infinite limit and no
/// links give n - 1 merges.
std::vector<Merge> merge_average(const Embeddings& items, const Links& links, float limit, Watch& watch);
/// The same from groups that are not of one item each: their means [n,D], sizes and spreads.
std::vector<Merge> merge_bulk(const Embeddings& means, std::span<const Bulk> bulk, const Links& links, float limit,
                              Watch& watch);
std::vector<Merge> merge_complete(const Embeddings& items, const Links& links, float limit, Watch& watch);
std::vector<Merge> merge_single(const Embeddings& items, const Links& links, float limit, Watch& watch);
/// Each merge takes the nearest two groups of that moment; it stops at the first that are further apart than `limit`.
std::vector<Merge> merge_centroid(const Embeddings& items, const Links& links, float limit, Watch& watch);

/// Labels after k-means, in no particular order. More than `clusters` where those that must stay apart do not fit.
std::vector<std::int32_t> kmeans(const Embeddings& items, const Links& links, std::int32_t clusters, std::uint64_t seed,
                                 std::int32_t max_iterations, Watch& watch);
/// The same with the number of clusters whose mean silhouette is highest.
std::vector<std::int32_t> kmeans_by_silhouette(const Embeddings& items, const Links& links, std::uint64_t seed,
                                               std::int32_t max_iterations, Watch& watch);

}  // namespace facenet
