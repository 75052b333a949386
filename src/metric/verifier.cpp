// The decision on two embeddings.
#include "facenet/verifier.hpp"

#include <cmath>

#include <nlohmann/json.hpp>

#include "facenet/embeddings.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr const char* kHowToGetOne =
    "give a threshold (squared L2 distance), or calibrate the model on people it was not trained on (facenet "
    "calibrate, facenet train --eval, or Verifier::calibrate)";

// A number as short as it reads back.
std::string text(double value) { return nlohmann::json(value).dump(); }

std::string evidence(const Calibration& calibration, std::optional<double> far) {
  return (far ? "calibrated at FAR " + text(*far) : std::string("calibrated for most right answers")) + " on " +
         std::to_string(calibration.same_pairs) + " same and " + std::to_string(calibration.different_pairs) +
         " different pairs" + (calibration.data.empty() ? "" : " of " + calibration.data);
}

void require_threshold(float threshold) {
  if (!std::isfinite(threshold))
    throw InvalidArgument("Verifier: the threshold is not finite; " + std::string(kHowToGetOne));
}

}  // namespace

Verifier::Verifier(float threshold, std::string threshold_from)
    : threshold_(threshold), threshold_from_(std::move(threshold_from)) {
  require_threshold(threshold);
}

Verifier::Verifier(std::optional<Calibration> calibration, const ThresholdChoice& choice)
    : threshold_(0), calibration_(std::move(calibration)) {
  if (choice.threshold && choice.far) throw InvalidArgument("Verifier: a threshold or a FAR, not both");
  const auto take_rate = [&](const OperatingPoint& point) {
    far_ = point.far;
    far_interval_ = point.far_interval;
  };
  if (choice.threshold) {
    threshold_ = *choice.threshold;
    threshold_from_ = "given";
    if (calibration_) {  // by falling FAR, and so by falling threshold
      for (const OperatingPoint& point : calibration_->points) {
        if (point.threshold >= threshold_) take_rate(point);
      }
    }
  } else if (!calibration_) {
    throw InvalidArgument(std::string("Verifier: no ") +
                          (choice.far ? "calibration, so no threshold for a FAR; " : "calibration and no threshold; ") +
                          kHowToGetOne);
  } else if (choice.far) {
    const OperatingPoint* best = nullptr;
    for (const OperatingPoint& point : calibration_->points) {
      if (point.far <= *choice.far * (1 + 1e-9) && (best == nullptr || point.far > best->far)) best = &point;
    }
    if (best == nullptr) {
      throw InvalidArgument("Verifier: no point at FAR " + text(*choice.far) + " or finer: the model was " +
                            evidence(*calibration_, calibration_->far) +
                            ", which show nothing finer than one in the number of different pairs; calibrate on more");
    }
    threshold_ = best->threshold;
    take_rate(*best);
    threshold_from_ = evidence(*calibration_, far_);
  } else {
    threshold_ = calibration_->threshold;
    for (const OperatingPoint& point : calibration_->points) {
      if (calibration_->far && std::abs(point.far - *calibration_->far) <= 1e-9 * point.far) take_rate(point);
    }
    far_ = calibration_->far;
    threshold_from_ = evidence(*calibration_, far_);
  }
  require_threshold(threshold_);
}

Verdict Verifier::verify(std::span<const float> a, std::span<const float> b) const {
  return decide(squared_distance(a, b));
}

Verdict Verifier::decide(float distance) const {
  if (!std::isfinite(distance)) {
    throw InvalidArgument("Verifier: the distance is not finite; an embedding is broken");
  }
  Verdict verdict{distance, threshold_, distance <= threshold_, std::nullopt, far_, far_interval_, threshold_from_};
  if (calibration_) verdict.probability = calibration_->probability(distance);
  return verdict;
}

}  // namespace facenet
