// Grouping embeddings so that each group is one person.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// How far apart two groups are; all but kmeans merge the two nearest groups again and again.
enum class ClusterMethod {
  average,   ///< the mean squared distance between their members
  complete,  ///< the largest; needs a matrix of n*n floats, so at most 20,000 items
  single,    ///< the smallest: chains of neighbours become one group
  centroid,  ///< between their means; a merge may be nearer than the one before it
  kmeans,    ///< Lloyd's k means from k-means++ starts; needs the number of clusters
};

/// "average", "complete", "single", "centroid", "kmeans". InvalidArgument for another name.
FACENET_API ClusterMethod cluster_method_from_name(std::string_view name);
FACENET_API std::string_view name_of(ClusterMethod method);

/// Which item is in which cluster. Clusters are numbered from 0 by falling size, then by their first item.
struct Clustering {
  std::vector<std::int32_t> labels;   ///< [n]
  std::vector<std::int32_t> sizes;    ///< [clusters]
  std::vector<std::int32_t> medoids;  ///< [clusters] the item with the least squared distance to all of its cluster
  /// [n] how doubtful an item's place is: a / (a + b), a the squared distance to the mean of the rest of its cluster, b
  /// to the nearest other cluster's mean. Above 0.5 it is nearer to another cluster. 1 for a cluster of one, which has
  /// no rest; 0 where there is no other cluster.
  std::vector<float> outlier;

  std::int32_t clusters() const { return static_cast<std::int32_t>(sizes.size()); }
};

/// Called from the calling thread with the share done, 0 to 1, about a hundred times.
using ClusterProgress = std::function<void(double)>;

/// Immutable: one may serve all threads. The result depends on the embeddings, their order where distances tie, and the
/// parameters alone.
class FACENET_API Clusterer {
 public:
  /// How groups are found, and when it ends.
  struct Parameters {
    ClusterMethod method = ClusterMethod::average;
    /// Merge while the nearest groups are at most this far apart, in squared L2. There is no default: take it from a
    /// calibration, or ask for a number of clusters instead.
    std::optional<float> threshold{};
    std::optional<std::int32_t> clusters{};
    std::uint64_t seed = 1;             ///< of k-means++
    std::int32_t max_iterations = 100;  ///< of kmeans
  };

  /// InvalidArgument unless exactly one of threshold and clusters is given, and clusters for kmeans.
  explicit Clusterer(const Parameters& parameters);

  /// InvalidArgument when a number is not finite (the message names the row), when more clusters are asked for than
  /// there are items, or when `complete` has too many items. Interrupted when `stop` asks. No items give no clusters.
  Clustering cluster(const Embeddings& embeddings, const ClusterProgress& progress = {},
                     const std::stop_token& stop = {}) const;

 private:
  Parameters parameters_;
};

}  // namespace facenet
