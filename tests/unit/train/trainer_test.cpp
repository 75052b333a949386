// The training step: it learns, it is deterministic, chunks and bf16 agree with the plain way, and a collapse is named.
#include "train/trainer.hpp"

#include <algorithm>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "models/architectures.hpp"

using namespace facenet;

namespace {

constexpr std::int64_t kSize = 64;

// Noise around an image for each person: what a network can tell apart, if it learns at all.
struct Batch {
  Tensor images;
  std::vector<std::int32_t> labels;
};

Batch batch(int people, int images, std::uint64_t seed) {
  const int count = people * images;
  Batch b{Tensor(TensorSpec{{count, kSize, kSize, 3}, DataType::u8}), {}};
  auto* out = static_cast<std::uint8_t*>(b.images.raw());
  for (int i = 0; i < count; ++i) {
    Random person(100, static_cast<std::uint64_t>(i / images));
    Random noise(seed, static_cast<std::uint64_t>(i));
    for (std::int64_t k = 0; k < kSize * kSize * 3; ++k) {
      const double coarse = person.uniform(0, 255);
      *out++ = static_cast<std::uint8_t>(std::clamp(0.6 * coarse + noise.uniform(0, 100), 0.0, 255.0));
    }
    b.labels.push_back(i / images);
  }
  return b;
}

TrainerOptions options() {
  TrainerOptions o;
  o.optimizer.kind = OptimizerKind::adam;
  o.schedule.learning_rate = 1e-3F;
  o.precision = Precision::f32;
  return o;
}

std::vector<float> weights(const Graph& graph) {
  std::vector<float> all;
  for (const auto& p : graph.parameters()) {
    const auto v = p->value.floats();
    all.insert(all.end(), v.begin(), v.end());
  }
  return all;
}

}  // namespace

TEST_CASE("training separates people, in float32 and in bf16") {
  for (const auto precision : {Precision::f32, Precision::bf16}) {
    if (precision == Precision::bf16 && !kernels::has_native_bf16()) continue;
    auto o = options();
    o.precision = precision;
    o.mining.strategy = Mining::random;  // every pair, easy or not: the loss then says how well people are told apart
    Trainer trainer(models::tiny({}), o);
    StepReport first;
    StepReport last;
    for (std::uint64_t i = 0; i < 30; ++i) {
      const auto b = batch(6, 4, i);
      last = trainer.step(b.images, b.labels, 0);
      if (i == 0) first = last;
      REQUIRE(last.health != Health::diverged);
    }
    // All triplets of a fresh batch now: the mean of d(a,p) and of d(a,n), not only of those still hard.
    CHECK(first.measures.triplets > 0);
    CHECK(first.measures.loss > 0.05);
    INFO("loss " << first.measures.loss << " -> " << last.measures.loss);
    CHECK(last.measures.loss < 0.5 * first.measures.loss);
  }
}

TEST_CASE("the same seed and thread count give the same bits") {
  const auto run = [] {
    const ThreadScope threads(2);
    Trainer trainer(models::tiny({}), options());
    for (std::uint64_t i = 0; i < 4; ++i) {
      const auto b = batch(4, 3, i);
      trainer.step(b.images, b.labels, 0);
    }
    return weights(trainer.result());
  };
  CHECK(run() == run());
}

TEST_CASE("chunks give the gradients of the whole batch") {
  // Without batch norm, whose statistics are those of a chunk.
  const auto gradient = [](std::int64_t chunk) {
    auto o = options();
    o.chunk = chunk;
    const Graph graph = models::tiny({.norm = nn::Norm::lrn, .dropout = 0});
    Trainer trainer(graph, o);
    const auto b = batch(4, 3, 1);
    trainer.step(b.images, b.labels, 0);
    std::vector<float> all;
    for (const auto& p : graph.parameters()) {
      const auto g = p->gradient.floats();
      all.insert(all.end(), g.begin(), g.end());
    }
    return all;
  };
  const auto whole = gradient(0);
  const auto chunked = gradient(5);  // 12 faces: 5, 5 and 2
  float largest = 0;
  for (const float g : whole) largest = std::max(largest, std::abs(g));
  REQUIRE(largest > 0);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (std::abs(whole[i] - chunked[i]) > 1e-4F * largest)
      FAIL("gradient " << i << ": " << whole[i] << " " << chunked[i]);
  }
}

TEST_CASE("frozen parameters stay, averaged weights follow") {
  auto o = options();
  o.average_decay = 0.9F;
  const Graph graph = models::tiny({});
  const ParameterPtr frozen = graph.parameters()[0];
  frozen->trainable = false;
  const Tensor before = frozen->value.clone();
  Trainer trainer(graph, o);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto b = batch(4, 3, i);
    trainer.step(b.images, b.labels, 0);
  }
  const auto was = before.floats();
  CHECK(std::equal(was.begin(), was.end(), frozen->value.floats().begin()));
  CHECK(weights(trainer.result()) != weights(graph));
}

TEST_CASE("a batch without any pair is a valid step that changes no weight") {
  const Graph graph = models::tiny({});
  std::vector<Tensor> before;
  for (const auto& p : graph.parameters()) {
    if (!p->buffer) before.push_back(p->value.clone());
  }
  Trainer trainer(graph, options());
  auto b = batch(4, 1, 1);
  const auto report = trainer.step(b.images, b.labels, 0);
  CHECK(report.measures.loss == 0);
  CHECK(report.measures.triplets == 0);
  CHECK(report.measures.gradient_norm == 0);
  std::size_t i = 0;
  for (const auto& p : graph.parameters()) {
    if (p->buffer) continue;
    const auto was = before[i++].floats();
    CHECK(std::equal(was.begin(), was.end(), p->value.floats().begin()));
  }
}

TEST_CASE("a real collapse is named") {
  // The hardest negatives and a far too high rate of an optimiser without normalisation: the network gives up.
  auto o = options();
  o.mining.strategy = Mining::hardest;
  o.optimizer.kind = OptimizerKind::sgd;
  o.schedule.learning_rate = 0.5F;
  o.optimizer.weight_decay = 0.05F;
  Trainer trainer(models::tiny({.norm = nn::Norm::lrn}), o);
  bool named = false;
  for (std::uint64_t i = 0; i < 120 && !named; ++i) {
    const auto b = batch(5, 3, i);
    const auto health = trainer.step(b.images, b.labels, 0).health;
    named = health == Health::collapsing || health == Health::collapsed;
  }
  CHECK(named);
}

TEST_CASE("a batch that does not fit is refused") {
  Trainer trainer(models::tiny({}), options());
  const auto b = batch(2, 2, 1);
  CHECK_THROWS_AS(trainer.step(b.images, std::vector<std::int32_t>{1, 2}, 0), InvalidArgument);
}

TEST_CASE("no training step runs a reference kernel of oneDNN") {
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    Trainer trainer(models::tiny({.norm = norm}), options());
    const auto b = batch(3, 2, 1);
    trainer.step(b.images, b.labels, 0);
  }
  CHECK(kernels::reference_kernels_built().empty());
}
