// The same person or not: a threshold with its evidence, and the decision on two embeddings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <facenet/evaluation.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// A threshold that pairs of known truth have shown to accept at most a share `far` of different people.
struct OperatingPoint {
  double far = 0;
  float threshold = 0;  ///< squared L2
  double val = 0;       ///< share of the same pairs that it accepted
};

/// What pairs of known truth say about distances: a threshold, a probability, and how much evidence there is. A plain
/// value, kept in the model file; it holds for the model and the kind of images that the pairs came from.
struct Calibration {
  float threshold = 0;          ///< squared L2; the same person when distance <= threshold
  std::optional<double> far{};  ///< the FAR it was chosen for; absent: chosen for most right answers
  /// probability(same) = 1 / (1 + exp(slope * distance + offset)), for as many same as different pairs (Platt 1999).
  double slope = 0;
  double offset = 0;
  std::string data{};  ///< which pairs, in words
  std::int64_t same_pairs = 0;
  std::int64_t different_pairs = 0;
  std::vector<OperatingPoint> points{};  ///< by falling far, as fine as the pairs support
};

/// Chooses the threshold for `far` (the largest that accepts at most that share of the different pairs), or without it
/// the threshold that decides most pairs rightly, and fits the probability. `data` says in words where the pairs come
/// from. InvalidArgument without pairs of both kinds, when a distance is not finite, or when there are fewer than
/// 1 / far different pairs.
FACENET_API Calibration calibrate(std::span<const ScoredPair> pairs, std::string data,
                                  std::optional<double> far = std::nullopt);

/// The answer to "is this the same person".
struct Verdict {
  float distance = 0;                   ///< squared L2
  float threshold = 0;                  ///< squared L2
  bool same = false;                    ///< distance <= threshold
  std::optional<double> probability{};  ///< of the same person; needs a calibration
  std::optional<double> far{};          ///< the false accept rate that the threshold was chosen for, where known
  std::string threshold_from{};         ///< where the threshold comes from, in words
};

/// What overrides a calibration's own threshold; at most one of the two.
struct ThresholdChoice {
  std::optional<float> threshold{};  ///< squared L2
  /// The calibrated point of this FAR, or of the next finer one that was tabulated (1, 2 and 5 of each decade).
  std::optional<double> far{};
};

/// Decides on pairs of embeddings. Immutable: one may serve all threads. There is no default threshold: it comes from a
/// calibration or from the caller.
class FACENET_API Verifier {
 public:
  /// A threshold of the caller's, and where it comes from.
  explicit Verifier(float threshold, std::string threshold_from = "given");
  /// InvalidArgument, saying how to get a threshold, when `calibration` and `choice` leave none: without a calibration
  /// and without a threshold, for a FAR without a calibration, or for one finer than the calibration's pairs support.
  explicit Verifier(std::optional<Calibration> calibration, const ThresholdChoice& choice = {});

  /// InvalidArgument when the dimensions differ or a number is not finite.
  Verdict verify(std::span<const float> a, std::span<const float> b) const;
  /// The decision on a distance already computed.
  Verdict decide(float distance) const;

  float threshold() const { return threshold_; }
  const std::string& threshold_from() const { return threshold_from_; }

 private:
  float threshold_;
  std::string threshold_from_;
  std::optional<double> far_;
  std::optional<Calibration> calibration_;
};

}  // namespace facenet
