// Clusters that new faces join without the old ones: what is left of a finished clustering, in memory and in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include <facenet/clusterer.hpp>

namespace facenet {

/// Of each cluster its size, the mean of its embeddings and how far they spread around it: with squared L2, average
/// linkage needs no more. Of each known face its cluster, and its name where it was given one, for what a person says
/// about it later. Adding takes one comparison of each new face with each cluster, however many faces these
/// have. Belongs to one thread while it changes; a copy is a copy.
class FACENET_API KnownClusters {
 public:
  /// Where new faces went.
  struct Added {
    /// [n] the cluster of each, or Clustering::kNotAFace. Clusters keep their numbers; those founded go on after them.
    std::vector<std::int32_t> labels;
    std::vector<float> outlier;  ///< [n] as in Clustering, with all other clusters
    /// Known clusters that new faces lie between, first and second now one: it keeps the second number, the lower one,
    /// and the first is given no more.
    std::vector<std::pair<std::int32_t, std::int32_t>> merged;
  };

  /// `clustering` is of these embeddings, by any method. Clusters that hold items said to be different stay apart for
  /// ever. `threshold` is kept with them for those who add.
  KnownClusters(const Embeddings& embeddings, const Clustering& clustering, const Constraints& constraints = {},
                std::optional<float> threshold = {});
  /// The same, of codes.
  KnownClusters(const CodedEmbeddings& coded, const Clustering& clustering, const Constraints& constraints = {},
                std::optional<float> threshold = {});

  /// A file that save has written. IoError, or FormatError when it is not what it should be.
  static KnownClusters open(const std::filesystem::path& path);
  /// Written whole or not at all: a safetensors file (docs/file-formats.md).
  void save(const std::filesystem::path& path) const;

  /// Numbers that were given: cluster c may have size 0, when it has become part of another.
  std::int32_t clusters() const { return static_cast<std::int32_t>(data_.sizes.size()); }
  std::span<const std::int32_t> sizes() const { return data_.sizes; }
  std::size_t dimension() const { return data_.means.dimension; }
  std::optional<float> threshold() const { return data_.threshold; }
  /// [faces] the cluster of each known face, in the order in which they came, or Clustering::kNotAFace.
  std::span<const std::int32_t> labels() const { return data_.labels; }
  std::span<const FaceName> names() const { return data_.names; }  ///< of those faces, as far as `name` went
  /// What the last faces are called, in order; those before them keep their names, or have empty ones. InvalidArgument
  /// when they are more than have none.
  void name(std::span<const FaceName> faces);

  /// Average linkage of the new faces and the clusters that one of them is within the threshold of. Where no two known
  /// clusters are as near as that (they come from average linkage with this threshold, or a lower one), it is what
  /// Clusterer makes of all faces with Constraints::keep_together, to the rounding of a mean; known clusters that no
  /// new face is near stay as they are in any case. `constraints` are of the new faces, items 0 to n - 1, and of the
  /// known ones behind them: n + i is face i of `labels`. Said to be the same, faces make one cluster of theirs; said
  /// to be different, their clusters stay apart for ever. InvalidArgument as from Clusterer::cluster, when the
  /// dimension is another, and for what a known cluster contradicts: that two of its faces are different, or that one
  /// is no face (clusters are not divided); nothing has changed then.
  Added add(const Embeddings& fresh, float threshold, const Constraints& constraints = {},
            const std::stop_token& stop = {});

  /// What there is, row by row of the clusters.
  struct Data {
    Embeddings means{};                 ///< [clusters,D]
    std::vector<float> spreads{};       ///< [clusters] the mean squared distance of a cluster's items to its mean
    std::vector<std::int32_t> sizes{};  ///< [clusters] 0: it has become part of another
    std::vector<std::pair<std::int32_t, std::int32_t>> different{};  ///< clusters, the lower first; ascending
    std::optional<float> threshold{};
    std::vector<std::int32_t> labels{};  ///< [faces]
    std::vector<FaceName> names{};       ///< of the first of them
  };
  explicit KnownClusters(Data data) : data_(std::move(data)) {}  ///< for the library itself
  const Data& data() const { return data_; }                     ///< for the library itself

 private:
  Data data_;
};

}  // namespace facenet
