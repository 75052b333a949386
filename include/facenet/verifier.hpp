// The same person or not: a threshold with its evidence, and the decision on two embeddings.
#pragma once

#include <optional>
#include <span>
#include <string>

#include <facenet/calibration.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// The answer to "is this the same person".
struct Verdict {
  float distance = 0;                   ///< squared L2
  float threshold = 0;                  ///< squared L2
  bool same = false;                    ///< distance <= threshold
  std::optional<double> probability{};  ///< of the same person; needs a calibration
  /// The false accept rate of the threshold, where a calibration knows it: the one it was chosen for, or of a
  /// threshold that was given the next larger one that was tabulated.
  std::optional<double> far{};
  std::optional<Interval> far_interval{};
  std::string threshold_from{};  ///< where the threshold comes from, in words
};

/// What overrides a calibration's own threshold; at most one of the two.
struct ThresholdChoice {
  std::optional<float> threshold{};  ///< squared L2
  /// The calibrated point of this FAR, or of the next finer one that was tabulated (1, 2 and 5 of each decade).
  std::optional<double> far{};
};

/// Decides on pairs of embeddings. Immutable: one may serve all threads. There is no default threshold: it comes from a
/// calibration or from the caller. Costs: a decision 2 D operations.
class FACENET_API Verifier {
 public:
  /// Chooses the threshold for `far` (the largest that accepts at most that share of the different pairs), or without
  /// it the threshold that decides most pairs rightly; fits the probability; and tabulates thresholds for 1, 2 and 5 of
  /// each decade of FAR. `data` says in words where the pairs come from. Model::with_calibration keeps the result.
  /// Costs 300 passes over the pairs, on all threads. InvalidArgument when there are fewer than 1 / far different pairs
  /// (the message says how many it takes), and without `far` where not all pairs are kept (PairDistances::of_people).
  static Calibration calibrate(const PairDistances& pairs, std::string data, std::optional<double> far = std::nullopt);
  static Calibration calibrate(std::span<const ScoredPair> pairs, std::string data,
                               std::optional<double> far = std::nullopt) {
    return calibrate(PairDistances(pairs), std::move(data), far);
  }
  /// What a calibration's thresholds and probabilities are worth on these pairs.
  static CalibrationCheck check(const Calibration& calibration, const PairDistances& pairs);

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
  std::optional<Interval> far_interval_;
  std::optional<Calibration> calibration_;
};

}  // namespace facenet
