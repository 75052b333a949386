// Grouping embeddings so that each group is one person.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include <facenet/codes.hpp>
#include <facenet/constraints.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// How groups are found. The first four merge the two nearest groups again and again, and differ in how far apart two
/// groups are.
enum class ClusterMethod {
  average,  ///< the mean squared distance between their members
  /// The largest. Needs a matrix of floats, so at most 20,000 items; with a threshold, one of each component (items
  /// that chains of neighbours within it connect), so at most so many in one of them.
  complete,
  single,    ///< the smallest: chains of neighbours become one group
  centroid,  ///< between their means; a merge may be nearer than the one before it
  kmeans,    ///< Lloyd's k means from k-means++ starts; without a number of clusters, it is found by silhouettes
  /// Each item is joined with its nearest neighbours up to the threshold, and a walk along these edges, the nearer the
  /// likelier, finds the groups in which it stays long: the partition with the shortest map equation (Rosvall et al.
  /// 2009), as Infomap searches for it. Needs a threshold, and no number of clusters.
  graph,
};

/// "average", "complete", "single", "centroid", "kmeans", "graph". InvalidArgument for another name.
FACENET_API ClusterMethod cluster_method_from_name(std::string_view name);
FACENET_API std::string_view name_of(ClusterMethod method);

/// Which item is in which cluster. Clusters are numbered from 0 by falling size, then by their first item.
struct Clustering {
  /// Of an item said to be no face, which is in no cluster and counts nowhere.
  static constexpr std::int32_t kNotAFace = -1;
  static constexpr std::int32_t kRivals = 32;  ///< clusters that an item's own is compared with

  std::vector<std::int32_t> labels;   ///< [n] kNotAFace, or 0 to clusters - 1
  std::vector<std::int32_t> sizes;    ///< [clusters]
  std::vector<std::int32_t> medoids;  ///< [clusters] the item with the least squared distance to all of its cluster
  /// [clusters] b / (a + b), a the mean squared distance between two of its items, b the least to the items of another
  /// cluster, of the 32 whose means are nearest. At 0.5 its items are no nearer to each other than to another
  /// cluster's. 0 for a cluster of one, which nothing holds together; 1 where there is no other cluster.
  std::vector<float> quality;
  /// [n] how doubtful an item's place is: a / (a + b), a the squared distance to the mean of the rest of its cluster, b
  /// to the nearest other cluster's mean, of the 32 clusters that are nearest to its own. Above 0.5 it is nearer to
  /// another cluster. 1 for a cluster of one, which has no rest, and for what is not a face; 0 where there is no other
  /// cluster, 0.5 where both distances are 0.
  std::vector<float> outlier;

  std::int32_t clusters() const { return static_cast<std::int32_t>(sizes.size()); }
};

/// Called from the calling thread with the share done, 0 to 1, about a hundred times.
using ClusterProgress = std::function<void(double)>;

/// A question to a person about two faces, whose answer is a constraint.
struct Suggestion {
  bool merge = false;    ///< are they the same after all? Else: are they really?
  std::int32_t a = 0;    ///< the medoid of a cluster, or of a part of one
  std::int32_t b = 0;    ///< that of the other cluster, or part
  float distance = 0;    ///< mean squared distance between the items of the two
  float confidence = 0;  ///< how far it is on the other side of the threshold; below 0 it is on the side it should be
};

/// Immutable: one may serve all threads. The result depends on the embeddings, their order where distances tie, and the
/// parameters alone. Costs, of N items: time N^2 (graph: above `exact_up_to` N^1.5; kmeans: N times the clusters, in
/// each round) and memory N (complete: M^2, with M items in the largest component).
class FACENET_API Clusterer {
 public:
  /// How groups are found, and when it ends.
  struct Parameters {
    ClusterMethod method = ClusterMethod::average;
    /// Merge while the nearest groups are at most this far apart, in squared L2. There is no default: take it from a
    /// calibration, or ask for a number of clusters instead.
    std::optional<float> threshold{};
    /// For kmeans it may be left out: the number from 2 to half of the items whose clusters have the highest mean
    /// silhouette is taken then, found by some thirty runs; or 1 where none reaches 0.25 (Kaufman and Rousseeuw 1990:
    /// "no substantial structure").
    std::optional<std::int32_t> clusters{};
    std::uint64_t seed = 1;             ///< of k-means++, and of the order in which graph moves items
    std::int32_t max_iterations = 100;  ///< of kmeans
    std::int32_t neighbours = 80;       ///< of each item in the graph, at most; others may have it as theirs
    /// Up to as many items, the graph's neighbours are found exactly, in time n^2; of more, most are found, in n^1.5.
    std::int32_t exact_up_to = 200'000;
  };

  /// InvalidArgument unless exactly one of threshold and clusters is given: threshold for graph; for kmeans clusters,
  /// or neither.
  explicit Clusterer(const Parameters& parameters);

  /// InvalidArgument when a number is not finite or a row is all zeros (the message names the row), when more clusters
  /// are asked for than there are items, or when `complete` has too many items. Interrupted when `stop` asks. No items
  /// give no clusters.
  Clustering cluster(const Embeddings& embeddings, const ClusterProgress& progress = {},
                     const std::stop_token& stop = {}) const;

  /// The same, with what a person has said; no method ever undoes it. Items said to be the same are one from the start,
  /// and groups that hold items said to be different never merge: infinitely far apart for the linkages, no room for
  /// one another with kmeans and graph. Where that leaves too little room for the number of clusters that was asked
  /// for, there are more. InvalidArgument also for an index that is no row, when more clusters are asked for than the
  /// constraints leave groups, for more than 20,000 items with `single` and `different` (it then needs the matrix that
  /// `complete` does), and for constraints that contradict each other: the message names the items and the chain.
  Clustering cluster(const Embeddings& embeddings, const Constraints& constraints, const ClusterProgress& progress = {},
                     const std::stop_token& stop = {}) const;

  /// The same, of codes as if they had been decoded. With `graph`, and no item that is no face, they are not, but for a
  /// few at a time: 128 bytes an item instead of 512. Other methods decode all.
  Clustering cluster(const CodedEmbeddings& coded, const Constraints& constraints = {},
                     const ClusterProgress& progress = {}, const std::stop_token& stop = {}) const;

  /// What a person should look at first: for each cluster the nearest one that it might be merged with, and the two
  /// parts that it might be split into (average linkage's last merge in it), unless `constraints` say otherwise
  /// already. The `most` with the highest confidence, in falling order. `clustering` is of these embeddings, by any
  /// method. InvalidArgument as from cluster, and without a threshold: one for average linkage.
  std::vector<Suggestion> suggest(const Embeddings& embeddings, const Clustering& clustering,
                                  const Constraints& constraints = {}, std::size_t most = 100,
                                  const ClusterProgress& progress = {}, const std::stop_token& stop = {}) const;

 private:
  Clustering without(const Embeddings& embeddings, const Constraints& constraints, const ClusterProgress& progress,
                     const std::stop_token& stop) const;  // those that are not faces

  Parameters parameters_;
};

/// A threshold that groups people who are known, and how well.
struct ClusterCalibration {
  float threshold = 0;
  ClusteringScores scores{};
};

/// The threshold for a method (not kmeans) that gives `known` [n,D] of `people` [n] (a number for each person) the
/// highest BCubed F, the middle one where several do. Take other people than those to be grouped, and about as many. A
/// search of some two dozen clusterings between the median distances of same and of different pairs. `parameters` may
/// leave out the threshold. InvalidArgument unless there are two people, and one with two faces.
FACENET_API ClusterCalibration calibrate_clustering(const Embeddings& known, std::span<const std::int32_t> people,
                                                    Clusterer::Parameters parameters,
                                                    const ClusterProgress& progress = {},
                                                    const std::stop_token& stop = {});

}  // namespace facenet
