// Health of a training run: collapse, divergence and stalls named while they happen, with what to change.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace facenet {

/// What one step measured.
struct StepMeasures {
  double loss = 0;
  double active_fraction = 0;
  std::int64_t triplets = 0;
  double distance_positive = 0;  ///< mean d(a,p), squared L2
  double distance_negative = 0;
  double variance = 0;  ///< of the embeddings in the batch: 1 spread over the sphere, 0 a single point
  double gradient_norm = 0;
};

enum class Health : std::uint8_t {
  ok,
  warming,     ///< too few steps to judge
  collapsing,  ///< the variance has fallen far below where it was while the loss clings to the margin
  collapsed,   ///< all faces have nearly one embedding and the loss is the margin
  stalled,     ///< no triplet has had a loss for a long time: nothing is learnt any more
  diverged,    ///< a loss or gradient is not a number
};

std::string_view name_of(Health health);
/// What it means and what to change, in plain words; empty for ok and warming.
std::string explanation(Health health);

/// Watches the steps in order. Belongs to one thread; a pure function of the measures.
class HealthMonitor {
 public:
  explicit HealthMonitor(float alpha) : alpha_(static_cast<double>(alpha)) {}
  Health observe(const StepMeasures& step);

  /// What it remembers, for a checkpoint: with it another monitor judges the next steps as this one would.
  std::vector<float> state() const;
  /// InvalidArgument when `state` is none.
  void restore(std::span<const float> state);

 private:
  static constexpr std::size_t kWindow = 20;  // steps averaged over
  struct Seen {
    float loss, variance, distance_negative;
  };

  double alpha_;
  float highest_variance_ = 0;  // of a window's mean
  std::int32_t idle_ = 0;       // steps in a row without an active triplet, up to kStalled
  std::deque<Seen> window_;
};

}  // namespace facenet
