// What pairs of known truth say about distances: thresholds with their evidence, and whether they hold for others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// 95 %: of a hundred such intervals, each from other people of the same kind, about 95 hold the true value.
struct Interval {
  double low = 0;
  double high = 0;
};

/// A threshold that pairs of known truth have shown to accept at most a share `far` of different people.
struct OperatingPoint {
  double far = 0;
  float threshold = 0;             ///< squared L2
  double val = 0;                  ///< share of the same pairs that it accepted
  std::int64_t false_accepts = 0;  ///< different pairs that it accepted; fewer than 30 say little (Doddington 2000)
  /// The false accept rate at this threshold, and the VAL at this FAR, had the people been others: people are drawn
  /// anew with replacement, with all pairs of theirs, as pairs that share a person are no independent evidence (the
  /// threshold with them, where VAL is concerned). Where nobody knows whose the pairs are, pairs are drawn.
  std::optional<Interval> far_interval{};
  std::optional<Interval> val_interval{};
};

/// How long a network's embeddings are before they are brought to unit length (Embedder::norms): of these, which are of
/// faces that stand for others, a twentieth are longer. Absent for fewer than 20, and where all are of one length, as
/// with bf16: nothing is known then. InvalidArgument when one is not finite.
FACENET_API std::optional<float> reference_norm(std::span<const float> norms);

/// What pairs of known truth say about distances. A plain value, kept in the model file; it holds for the model and the
/// kind of images that the pairs came from.
struct Calibration {
  float threshold = 0;          ///< squared L2; the same person when distance <= threshold
  std::optional<double> far{};  ///< the FAR it was chosen for; absent: chosen for most right answers
  /// probability(same) = 1 / (1 + exp(slope * distance + offset)), for as many same as different pairs (Platt 1999), a
  /// photograph being drawn and then another of the same person: however many there are of somebody, photographs weigh
  /// the same.
  double slope = 0;
  double offset = 0;
  std::string data{};  ///< which pairs, in words
  std::int64_t same_pairs = 0;
  std::int64_t different_pairs = 0;
  std::int64_t people = 0;               ///< whose pairs they are; 0: not known
  std::vector<OperatingPoint> points{};  ///< by falling far, as fine as the pairs support
  std::optional<double> brier{};         ///< see CalibrationCheck, on these same pairs
  std::optional<float> norm{};           ///< reference_norm of the images, where known; for FaceQuality::norm

  double probability(float distance) const;
};

/// Called from the calling thread with the share done, 0 to 1.
using PairProgress = std::function<void(double)>;

/// Distances of pairs of known truth. Immutable: one may serve all threads; a copy is cheap. Costs: 12 bytes for each
/// pair that is kept.
class FACENET_API PairDistances {
 public:
  /// These pairs, all of them kept. InvalidArgument without pairs of both kinds, or when a distance is not finite.
  explicit PairDistances(std::span<const ScoredPair> pairs);
  /// All pairs of images: `people` [N] has a number for each person. Different pairs are counted and not kept, but for
  /// the nearest million; of same pairs at most four million are taken, as many as possible of each person. Takes
  /// 4 N^2 D operations on all threads. InvalidArgument without pairs of both kinds, or when a number is not finite;
  /// Interrupted when stopped.
  static PairDistances of_people(const Embeddings& embeddings, std::span<const std::int32_t> people,
                                 const PairProgress& progress = {}, const std::stop_token& stop = {});

  std::int64_t same() const;       ///< pairs
  std::int64_t different() const;  ///< pairs
  std::int64_t people() const;     ///< 0: not known

  struct Data;
  const Data& data() const { return *data_; }  ///< for the library itself

 private:
  explicit PairDistances(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

/// Pairs to which a calibration gave about the same probability, and how often they were the same person. As
/// everywhere, same and different pairs weigh the same together, and so do photographs.
struct ReliabilityBin {
  double probability = 0;  ///< that was given, the mean
  double same = 0;         ///< share that was
  std::int64_t pairs = 0;
  std::optional<Interval> same_interval{};  ///< had the people been others; none where not all pairs are kept
};

/// Whether a calibration holds on pairs, of other people than it comes from for instance.
struct CalibrationCheck {
  std::int64_t same_pairs = 0;
  std::int64_t different_pairs = 0;
  std::int64_t people = 0;
  /// The calibration's points at its thresholds, with what these pairs say: `far` is the one measured here.
  struct Point {
    double wanted_far = 0;
    OperatingPoint measured{};
  };
  std::vector<Point> points;
  double brier = 0;  ///< mean squared error of the probability: 0 is perfect, 0.25 is always saying one half
  std::vector<ReliabilityBin> reliability;  ///< ten, by rising probability; those without pairs are left out
  std::vector<RocPoint> roc;                ///< some hundred points, evenly spaced in log FAR
};

}  // namespace facenet
