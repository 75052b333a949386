// Optimisers against their formulas in double, schedules, and the optimiser's memory.
#include "train/optimizer.hpp"

#include <cmath>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"

using namespace facenet;

namespace {

ParameterPtr parameter(std::int64_t count, Random& random) {
  auto p = std::make_shared<Parameter>();
  p->name = "w";
  p->value = Tensor(TensorSpec{{count}});
  for (auto& v : p->value.floats()) v = static_cast<float>(random.normal());
  p->decay = true;
  return p;
}

void random_gradient(const ParameterPtr& p, Random& random) {
  p->gradient = Tensor(TensorSpec{p->value.shape()});
  for (auto& g : p->gradient.floats()) g = static_cast<float>(random.normal());
}

// One weight's path by the published formula.
struct Expected {
  double w, m = 0, v = 0;
  void step(const OptimizerOptions& o, double g, double rate, int t) {
    const double decay = static_cast<double>(o.weight_decay);
    switch (o.kind) {
      case OptimizerKind::sgd:
        m = static_cast<double>(o.momentum) * m + g + decay * w;
        w -= rate * m;
        break;
      case OptimizerKind::adagrad: {
        const double total = g + decay * w;
        v += total * total;
        w -= rate * total / (std::sqrt(v) + 1e-10);
        break;
      }
      case OptimizerKind::adam: {
        const double b1 = static_cast<double>(o.beta1);
        const double b2 = static_cast<double>(o.beta2);
        m = b1 * m + (1 - b1) * g;
        v = b2 * v + (1 - b2) * g * g;
        w -= rate * decay * w;
        w -= rate * (m / (1 - std::pow(b1, t))) / (std::sqrt(v / (1 - std::pow(b2, t))) + 1e-8);
        break;
      }
    }
  }
};

}  // namespace

TEST_CASE("each optimiser follows its formula") {
  for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adagrad, OptimizerKind::adam}) {
    for (const float decay : {0.0F, 0.1F}) {
      Random random(7);
      const auto p = parameter(50, random);
      OptimizerOptions options{.kind = kind, .weight_decay = decay};
      std::vector<Expected> expected;
      for (const float v : p->value.floats()) expected.push_back({static_cast<double>(v)});
      Optimizer optimizer({p}, options);
      for (int t = 1; t <= 10; ++t) {
        random_gradient(p, random);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          expected[i].step(options, static_cast<double>(p->gradient.floats()[i]), 0.05, t);
        }
        optimizer.step(0.05F);
      }
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(static_cast<double>(p->value.floats()[i]) == Approx(expected[i].w).epsilon(1e-4).margin(1e-5));
      }
    }
  }
}

TEST_CASE("what has no gradient, is frozen or a buffer does not move") {
  Random random(3);
  const auto still = parameter(5, random);
  const auto frozen = parameter(5, random);
  const auto buffer = parameter(5, random);
  frozen->trainable = false;
  buffer->buffer = true;
  random_gradient(frozen, random);
  random_gradient(buffer, random);
  std::vector<Tensor> before;
  for (const auto& p : {still, frozen, buffer}) before.push_back(p->value.clone());
  Optimizer optimizer({still, frozen, buffer}, {.kind = OptimizerKind::adam, .weight_decay = 0.1F});
  optimizer.step(0.1F);
  std::size_t i = 0;
  for (const auto& p : {still, frozen, buffer}) {
    const auto was = before[i++].floats();
    CHECK(std::equal(was.begin(), was.end(), p->value.floats().begin()));
  }
}

TEST_CASE("an optimiser restored goes on to the bit, at any thread count") {
  const auto run = [](int threads, bool interrupted) {
    const ThreadScope scope(threads);
    Random random(5);
    const auto p = parameter(100000, random);
    auto optimizer = std::make_unique<Optimizer>(std::vector{p}, OptimizerOptions{.kind = OptimizerKind::adam});
    for (int t = 0; t < 6; ++t) {
      if (interrupted && t == 3) {
        std::vector<Optimizer::NamedTensor> state;
        for (const auto& s : optimizer->state()) state.push_back({s.name, s.value.clone()});
        const auto steps = optimizer->steps();
        optimizer = std::make_unique<Optimizer>(std::vector{p}, OptimizerOptions{.kind = OptimizerKind::adam});
        optimizer->restore(state, steps);
      }
      random_gradient(p, random);
      optimizer->step(0.01F);
    }
    const auto values = p->value.floats();
    return std::vector<float>(values.begin(), values.end());
  };
  const auto straight = run(1, false);
  CHECK(straight == run(1, true));
  CHECK(straight == run(3, false));
}

TEST_CASE("rates: the last pattern that matches a name multiplies its learning rate") {
  Random random(6);
  const auto moved = [&](const std::string& name, const std::vector<RateFactor>& rates) {
    const auto p = parameter(1, random);
    p->name = name;
    p->value.floats()[0] = 1;
    p->gradient = Tensor::from({1}, std::vector<float>{1});
    Optimizer optimizer({p}, {.kind = OptimizerKind::sgd, .momentum = 0, .rates = rates});
    optimizer.step(0.5F);
    return 1 - p->value.floats()[0];
  };
  CHECK(moved("conv1/weights", {}) == Approx(0.5));
  CHECK(moved("conv1/weights", {{"conv*", 0.1F}}) == Approx(0.05));
  CHECK(moved("conv1/weights", {{"*", 0.1F}, {"conv1/*", 0}}) == 0);
  const auto p = parameter(1, random);
  p->name = "conv1/weights";
  CHECK_THROWS_AS(Optimizer({p}, {.rates = {{"fc*", 1}}}), InvalidArgument);
}

TEST_CASE("memory of another network is refused") {
  Random random(1);
  const auto p = parameter(4, random);
  Optimizer optimizer({p}, {});
  CHECK_THROWS_AS(optimizer.restore({}, 1), InvalidArgument);
}

TEST_CASE("schedules") {
  const Schedule cosine{ScheduleKind::cosine, 2.0F};
  CHECK(cosine.at(0) == Approx(2));
  CHECK(cosine.at(0.5) == Approx(1));
  CHECK(cosine.at(1) == Approx(0).margin(1e-6));
  const Schedule linear{ScheduleKind::linear, 2.0F, 0.1F};
  CHECK(linear.at(0.05) == Approx(2 * 0.95 * 0.5));
  CHECK(linear.at(0.75) == Approx(0.5));
  CHECK(Schedule{ScheduleKind::step, 1.0F}.at(0.6) == Approx(0.1));
  CHECK(Schedule{ScheduleKind::constant, 1.0F}.at(7) == Approx(1));
  CHECK_THROWS_AS(schedule_from_name("sinus"), InvalidArgument);
  CHECK_THROWS_AS(optimizer_from_name("rmsprop"), InvalidArgument);
}

TEST_CASE("the gradient norm is that of all gradients together") {
  Random random(9);
  const auto a = parameter(10000, random);
  const auto b = parameter(3, random);
  random_gradient(a, random);
  random_gradient(b, random);
  double squares = 0;
  for (const auto& p : {a, b}) {
    for (const float g : p->gradient.floats()) squares += static_cast<double>(g) * static_cast<double>(g);
  }
  CHECK(gradient_norm({a, b}) == Approx(std::sqrt(squares)));
}
