// The cases, their weights and images, and a training.
#include "parity_case.hpp"

#include <cmath>

#include "base/random.hpp"
#include "models/architectures.hpp"

namespace facenet::test {
namespace {

std::uint64_t hashed(std::uint64_t a, std::uint64_t b) { return mix(mix(a) ^ b); }

// In [-1, 1), exact in float.
float symmetric(std::uint64_t hash) { return static_cast<float>(hash >> 40U) * 0x1p-23F - 1.0F; }

std::map<std::string, Tensor> values_of(const Graph& graph) {
  std::map<std::string, Tensor> values;
  for (const auto& p : graph.parameters()) values.emplace(p->name, p->value.clone());
  return values;
}

TripletMiner::Parameters mining() { return {.strategy = Mining::semi_hard, .alpha = 0.2F, .seed = 1}; }

}  // namespace

std::string ParityCase::name() const {
  return architecture + (norm == nn::Norm::batch ? "-batch-" : "-lrn-") + std::string(name_of(optimizer.kind)) +
         (size > 0 ? "-" + std::to_string(size) + "px" : "");
}

Json ParityCase::options() const {
  return {{"optimizer", std::string(name_of(optimizer.kind))},
          {"momentum", optimizer.momentum},
          {"beta1", optimizer.beta1},
          {"beta2", optimizer.beta2},
          {"weight_decay", optimizer.weight_decay},
          {"learning_rate", learning_rate},
          {"steps", steps},
          {"size", size},
          {"seed", seed},
          {"alpha", mining().alpha},
          {"mining_seed", mining().seed},
          {"labels", parity_labels(*this)}};
}

std::vector<ParityCase> parity_cases() {
  constexpr OptimizerOptions kAdagrad{.kind = OptimizerKind::adagrad};
  // Weight decay so strong that it has a good share in how the weights change.
  constexpr OptimizerOptions kSgd{.kind = OptimizerKind::sgd, .momentum = 0.9F, .weight_decay = 0.05F};
  constexpr OptimizerOptions kAdam{.kind = OptimizerKind::adam, .beta2 = 0.9F, .weight_decay = 5};
  std::vector<ParityCase> cases;
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    // AdaGrad's first steps move every weight by about the rate, whatever its gradient: with a higher one all triplets
    // are satisfied, and the losses 0, after a few steps.
    const std::uint64_t seed = norm == nn::Norm::batch ? 14 : 27;
    const float rate = norm == nn::Norm::batch ? 1e-6F : 5e-6F;
    cases.push_back({"nn2", norm, kAdagrad, rate, 20, 3, 2, 1});
    cases.push_back({"nn4", norm, kAdagrad, rate, 20, 4, 2, 1});
    // The seeds are those of seed_search.py: no ReLU or maximum of the first step is near a tie.
    cases.push_back({"nn2", norm, kAdagrad, rate, 20, 4, 2, seed, 32});
    cases.push_back({"nn4", norm, kAdagrad, rate, 20, 4, 2, seed, 32});
    cases.push_back({"nn4", norm, kSgd, norm == nn::Norm::batch ? 2e-4F : 1e-2F, 5, 4, 2, seed, 32});
    cases.push_back({"nn4", norm, kAdam, rate, 5, 4, 2, seed, 32});
  }
  return cases;
}

Graph parity_network(const ParityCase& c) {
  Graph graph = models::make_architecture(c.architecture, {.norm = c.norm, .size = {c.size, c.size}});
  std::uint64_t index = 0;
  for (const auto& p : graph.parameters()) {
    ++index;
    if (p->buffer) continue;
    const auto values = p->value.floats();
    const Shape& shape = p->value.shape();
    // Weights: uniform, of the variance that He et al. (2015) propose; biases around 0. After batch normalisation,
    // scales and shifts that let about five of six values through a ReLU: a random network in which it is one of two
    // multiplies every rounding error by 1.2 from layer to layer.
    float bound = 0.1F;
    float centre = 0;
    if (p->name.ends_with("/scale")) centre = 0.5F;
    if (p->name.ends_with("/shift")) centre = 0.5F;
    if (shape.rank() > 1) bound = std::sqrt(6.0F / static_cast<float>(shape.elements() / shape[0]));
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = centre + bound * symmetric(hashed(index, k));
  }
  return graph;
}

Tensor parity_images(const Graph& graph, const ParityCase& c) {
  const Shape shape = graph.input_shape().with_batch(c.people * c.images);
  const Tensor images(TensorSpec{shape, DataType::u8, Layout::plain});
  auto* out = static_cast<std::uint8_t*>(images.raw());
  const auto patches = [](std::uint64_t what, std::int64_t y, std::int64_t x, std::int64_t channel) {
    return hashed(what, static_cast<std::uint64_t>((y / 12 * 1000 + x / 12) * 3 + channel));
  };
  const auto tint = [](std::uint64_t what, std::int64_t channel) {
    return hashed(what + 5000, static_cast<std::uint64_t>(channel));
  };
  const std::uint64_t seed = c.seed * 10000;
  std::uint64_t position = 0;
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    const auto person = static_cast<std::uint64_t>(seed + 1000 + i / c.images);
    const auto image = static_cast<std::uint64_t>(seed + 2000 + i);
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      for (std::int64_t x = 0; x < shape[2]; ++x) {
        for (std::int64_t channel = 0; channel < 3; ++channel) {
          *out++ = static_cast<std::uint8_t>(tint(person, channel) % 64 + tint(image, channel) % 32 +
                                             patches(person, y, x, channel) % 64 + patches(image, y, x, channel) % 32 +
                                             hashed(seed + 3000, position++) % 64);
        }
      }
    }
  }
  return images;
}

std::vector<std::int32_t> parity_labels(const ParityCase& c) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < c.people * c.images; ++i) labels.push_back(static_cast<std::int32_t>(i / c.images));
  return labels;
}

ParityResult train(const Graph& graph, const ParityCase& c, const std::function<void(const Tensor&)>& before_step) {
  TrainerOptions options;
  options.mining = mining();
  options.optimizer = c.optimizer;
  options.schedule.learning_rate = c.learning_rate;
  options.precision = Precision::f32;
  Trainer trainer(graph, options);
  const Tensor images = parity_images(graph, c);
  const auto labels = parity_labels(c);
  ParityResult result;
  result.before = values_of(graph);
  for (std::int64_t step = 0; step < c.steps; ++step) {
    if (before_step) before_step(images);
    const auto measures = trainer.step(images, labels, 0).measures;
    result.losses.push_back(measures.loss);
    result.triplets.push_back(measures.triplets);
    if (step > 0) continue;
    for (const auto& p : graph.parameters()) {
      if (p->gradient) result.gradients.emplace(p->name, p->gradient);
    }
  }
  result.after = values_of(graph);
  return result;
}

std::array<double, 5> digest(std::span<const double> values) {
  std::array<double, 5> sums{};
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::uint64_t signs = mix(k);
    sums[0] += values[k] * values[k];
    for (unsigned j = 0; j < 4; ++j) sums[1 + j] += (signs >> j & 1U) != 0 ? values[k] : -values[k];
  }
  sums[0] = std::sqrt(sums[0]);
  return sums;
}

}  // namespace facenet::test
