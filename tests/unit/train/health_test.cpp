// Health: collapse, divergence and stalls are named; a normal start and a normal training are not.
#include "train/health.hpp"

#include <cmath>

#include <facenet/error.hpp>

#include "catch.hpp"

using namespace facenet;

namespace {

StepMeasures step(double loss, double variance, double negative, double active = 1) {
  return {.loss = loss,
          .active_fraction = active,
          .triplets = 100,
          .distance_positive = negative,
          .distance_negative = negative,
          .variance = variance,
          .gradient_norm = 1};
}

Health last(HealthMonitor& monitor, const StepMeasures& measures, int count) {
  Health health = Health::ok;
  for (int i = 0; i < count; ++i) health = monitor.observe(measures);
  return health;
}

}  // namespace

TEST_CASE("a training that learns is ok") {
  HealthMonitor monitor(0.2F);
  CHECK(monitor.observe(step(0.2, 0.05, 0.1)) == Health::warming);
  CHECK(last(monitor, step(0.19, 0.3, 0.5), 40) == Health::ok);
  CHECK(last(monitor, step(0.1, 0.9, 1.5), 100) == Health::ok);
}

TEST_CASE("a fresh network whose faces lie close together is not yet collapsed") {
  HealthMonitor monitor(0.2F);
  CHECK(last(monitor, step(0.2, 0.02, 0.04), 30) == Health::ok);
}

TEST_CASE("falling variance with the loss at the margin is a collapse coming, then there") {
  HealthMonitor monitor(0.2F);
  last(monitor, step(0.2, 0.5, 1.0), 30);
  CHECK(last(monitor, step(0.21, 0.1, 0.2), 25) == Health::collapsing);
  CHECK(last(monitor, step(0.2, 0.0001, 0.0002), 25) == Health::collapsed);
  CHECK(explanation(Health::collapsed).find("--mining semi-hard") != std::string::npos);
}

TEST_CASE("a loss that is not a number is divergence, at once") {
  HealthMonitor monitor(0.2F);
  CHECK(monitor.observe(step(std::nan(""), 0.5, 1)) == Health::diverged);
  CHECK(!explanation(Health::diverged).empty());
}

TEST_CASE("two hundred steps without an active triplet are a stall") {
  HealthMonitor monitor(0.2F);
  CHECK(last(monitor, step(0, 0.9, 1.5, 0), 199) == Health::ok);
  CHECK(monitor.observe(step(0, 0.9, 1.5, 0)) == Health::stalled);
}

TEST_CASE("a monitor that was put back judges as the first one would have") {
  HealthMonitor first(0.2F);
  last(first, step(0.15, 0.9, 1.5), 30);
  last(first, step(0.2, 0.25, 0.4), 10);
  HealthMonitor second(0.2F);
  second.restore(first.state());
  HealthMonitor fresh(0.2F);
  bool told_apart = false;
  for (int i = 0; i < 40; ++i) {
    const StepMeasures next = step(0.2, 0.25, 0.4);
    const Health health = first.observe(next);
    CHECK(second.observe(next) == health);
    told_apart = told_apart || fresh.observe(next) != health;
  }
  CHECK(told_apart);
  CHECK_THROWS_AS(second.restore(std::vector<float>(4, 1.0F)), InvalidArgument);
  CHECK_THROWS_AS(second.restore(std::vector<float>(2, -1.0F)), InvalidArgument);
}
