// When all embeddings are one point, d(a,p) = d(a,n) = 0: the loss is exactly the margin and its gradient vanishes, so
// training stays there for ever ("f(x) = 0", paper, section 3.2). These are the signs.
#include "train/health.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

namespace facenet {
namespace {
constexpr std::int32_t kStalled = 200;  // steps without an active triplet
}  // namespace

std::string_view name_of(Health health) {
  switch (health) {
    case Health::ok:
      return "ok";
    case Health::warming:
      return "warming";
    case Health::collapsing:
      return "collapsing";
    case Health::collapsed:
      return "collapsed";
    case Health::stalled:
      return "stalled";
    case Health::diverged:
      return "diverged";
  }
  return "";
}

std::string explanation(Health health) {
  switch (health) {
    case Health::collapsing:
      return "the embeddings are drawing together: their variance has fallen to less than a third of what it was, and "
             "the loss stays near the margin. Use --mining semi-hard instead of hardest, a lower --learning-rate, or "
             "more people in a batch.";
    case Health::collapsed:
      return "every face has nearly the same embedding, so the loss equals the margin and its gradient is gone. Go "
             "back "
             "to a checkpoint from before, or start again, with --mining semi-hard instead of hardest, a tenth of the "
             "--learning-rate, --norm batch, or more people in a batch.";
    case Health::stalled:
      return "no triplet of the last batches violates the margin: nothing is learnt any more. Stop here, or raise "
             "--alpha, put more people into a batch, or augment more.";
    case Health::diverged:
      return "the loss or a gradient is not a finite number. Go back to a checkpoint from before with a tenth of the "
             "--learning-rate.";
    default:
      return {};
  }
}

Health HealthMonitor::observe(const StepMeasures& step) {
  if (!std::isfinite(step.loss) || !std::isfinite(step.gradient_norm) || !std::isfinite(step.variance)) {
    return Health::diverged;
  }
  window_.push_back(
      {static_cast<float>(step.loss), static_cast<float>(step.variance), static_cast<float>(step.distance_negative)});
  if (window_.size() > kWindow) window_.pop_front();
  idle_ = step.active_fraction > 0 ? 0 : std::min(idle_ + 1, kStalled);
  if (window_.size() < kWindow) return Health::warming;

  double loss = 0;
  double variance = 0;
  double distance_negative = 0;
  for (const auto& seen : window_) {
    loss += static_cast<double>(seen.loss) / static_cast<double>(kWindow);
    variance += static_cast<double>(seen.variance) / static_cast<double>(kWindow);
    distance_negative += static_cast<double>(seen.distance_negative) / static_cast<double>(kWindow);
  }
  highest_variance_ = std::max(highest_variance_, static_cast<float>(variance));
  const bool at_margin = std::abs(loss - alpha_) < 0.25 * alpha_;
  // A fresh network maps all faces close together, with the loss at the margin: what counts is that the variance is
  // down from where it was, or that even distances between strangers are small against the margin.
  if (at_margin && variance < 0.005 && distance_negative < 0.1 * alpha_) return Health::collapsed;
  if (at_margin && variance < static_cast<double>(highest_variance_) / 3) return Health::collapsing;
  if (idle_ >= kStalled) return Health::stalled;
  return Health::ok;
}

std::vector<float> HealthMonitor::state() const {
  std::vector<float> state{highest_variance_, static_cast<float>(idle_)};
  for (const auto& seen : window_) state.insert(state.end(), {seen.loss, seen.variance, seen.distance_negative});
  return state;
}

void HealthMonitor::restore(std::span<const float> state) {
  const bool whole = state.size() >= 2 && state.size() <= 2 + 3 * kWindow && (state.size() - 2) % 3 == 0;
  if (!whole || !(state[1] >= 0 && state[1] <= static_cast<float>(kStalled))) {
    throw InvalidArgument("this is not what a health monitor remembers");
  }
  highest_variance_ = state[0];
  idle_ = static_cast<std::int32_t>(state[1]);
  window_.clear();
  for (std::size_t i = 2; i < state.size(); i += 3) window_.push_back({state[i], state[i + 1], state[i + 2]});
}

}  // namespace facenet
