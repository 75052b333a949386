// The gradient of complete networks: the float backward against central differences of the double-precision references.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "autograd/tape.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "models/architectures.hpp"
#include "networks.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

constexpr Mode kTraining{.training = true, .seed = 3};
constexpr std::int64_t kBatch = 3;
constexpr std::size_t kTrials = 3;

// The largest change of a parameter, relative to its root mean square. Doubles have room for far less than floats: with
// so small a step hardly any ReLU or maximum chooses otherwise on the two sides.
constexpr double kStep = 1e-7;

double length_of(std::span<const double> v) {
  return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
}

// The network literally, in double: one reference after the other. `values` holds the parameters at their places.
RefTensor in_double(const Graph& graph, std::vector<RefTensor> values, const RefTensor& images) {
  values[0] = images;
  for (const auto& node : graph.nodes()) {
    std::vector<RefTensor> src;
    for (const int id : node.src) {  // a parameter, which may be large, has one reader
      auto& value = values[static_cast<std::size_t>(id)];
      src.push_back(graph.value(id).parameter ? std::move(value) : value);
    }
    values[static_cast<std::size_t>(node.dst)] = node.op->reference(src, kTraining);
  }
  return values[static_cast<std::size_t>(graph.output())];
}

// One batch of images and one cotangent: the slope of <cotangent, embeddings> along one direction, by backward and by
// differences. The direction has random signs, for each parameter of such a size that it contributes a standard normal
// number to the slope: an error in the gradient of any one shows, however small its share of the whole.
class Trial {
 public:
  Trial(const Graph& graph, std::uint64_t seed) : graph_(graph), seed_(seed), images_(graph.input_shape()) {
    images_ = RefTensor(graph.input_shape().with_batch(kBatch));
    const auto bytes = random_images(graph, kBatch, seed);
    std::copy(bytes.begin(), bytes.end(), images_.values.begin());
    Random random(seed);
    cotangent_ = normal(graph.output_shape().with_batch(kBatch), random);
    for (const auto& p : graph.parameters()) p->gradient = Tensor();
    Tape tape({.mode = kTraining, .update_buffers = false});
    const Variable output = graph.forward(tape, tape.input(to_tensor(images_, DataType::u8)));
    embeddings = to_reference(tape.value(output));
    tape.backward(output, to_tensor(cotangent_));
    for (const auto& value : graph.values()) {
      scales_.push_back(0);
      if (!value.parameter || value.parameter->buffer) continue;
      INFO(value.parameter->name);
      REQUIRE(value.parameter->gradient);
      const RefTensor gradient = to_reference(value.parameter->gradient);
      const double length = length_of(gradient.values);
      REQUIRE(length > 0);
      scales_.back() = 1 / length;
      Random signs = signs_of(scales_.size() - 1);
      for (const double g : gradient.values) backward += sign(signs) * g / length;
      const double rms = length_of(to_reference(value.parameter->value).values) /
                         std::sqrt(static_cast<double>(gradient.values.size()));
      step_ = std::min(step_, kStep * rms * length);
      ++parameters;
    }
  }

  // The embeddings of the double-precision network, moved along the direction by `side` steps.
  RefTensor moved(int side) const {
    std::vector<RefTensor> values;
    for (std::size_t i = 0; i < graph_.values().size(); ++i) {
      const auto& parameter = graph_.values()[i].parameter;
      values.push_back(parameter ? to_reference(parameter->value) : RefTensor());
      if (scales_[i] == 0) continue;
      Random signs = signs_of(i);
      for (auto& v : values.back().values) v += side * step_ * scales_[i] * sign(signs);
    }
    return in_double(graph_, std::move(values), images_);
  }

  double slope(const RefTensor& before, const RefTensor& after) const {
    double sum = 0;
    for (std::size_t k = 0; k < cotangent_.values.size(); ++k) {
      sum += cotangent_.values[k] * (after.values[k] - before.values[k]);
    }
    return sum / (2 * step_);
  }

  RefTensor embeddings;
  double backward = 0;
  std::size_t parameters = 0;

 private:
  Random signs_of(std::size_t value) const { return Random(seed_, value); }
  static double sign(Random& signs) { return signs.chance(0.5) ? 1 : -1; }

  const Graph& graph_;
  std::uint64_t seed_;
  RefTensor images_, cotangent_;
  std::vector<double> scales_;  // of the direction, for each value of the graph; 0: it stays
  double step_ = std::numeric_limits<double>::infinity();
};

void check_gradient(const Graph& graph) {
  std::vector<Trial> trials;
  for (std::size_t i = 0; i < kTrials; ++i) trials.emplace_back(graph, 11 + i);
  // Before, at and after the point for the first trial, before and after it for the others.
  std::vector<RefTensor> at(2 * kTrials + 1);
  parallel_for(static_cast<std::int64_t>(at.size()), [&](std::int64_t i) {
    const auto k = static_cast<std::size_t>(i);
    at[k] = k == 2 * kTrials ? trials[0].moved(0) : trials[k / 2].moved(k % 2 == 0 ? -1 : 1);
  });
  CHECK(difference(trials[0].embeddings.values, at.back().values, 1e-4) == "");

  std::vector<double> errors;
  for (std::size_t i = 0; i < kTrials; ++i) {
    const double slope = trials[i].slope(at[2 * i], at[2 * i + 1]);
    errors.push_back(std::abs(trials[i].backward - slope) / std::sqrt(static_cast<double>(trials[i].parameters)));
    UNSCOPED_INFO("slope " << slope << ", by backward " << trials[i].backward << ", error " << errors.back()
                           << " of what is usual for " << trials[i].parameters << " parameters");
  }
  std::sort(errors.begin(), errors.end());
  // A ReLU or maximum whose arguments are nearer to each other than rounding may choose otherwise in float than in
  // double. It then sends one pixel's gradient elsewhere, of the few that such small images have: a difference of some
  // 1e-2. That befalls one trial or another; what befalls all of them is a mistake.
  CHECK(errors[0] < 3e-4);
  CHECK(errors[kTrials / 2] < 3e-3);
  CHECK(errors[kTrials - 1] < 5e-2);
}

// Scales, shifts and biases that are not 1 and 0.
Graph network(std::string_view name, nn::Norm norm, std::array<std::int64_t, 2> size) {
  const Graph graph = models::make_architecture(name, {.norm = norm, .size = size});
  Random random(5);
  for (const auto& p : graph.parameters()) {
    if (p->value.shape().rank() != 1 || p->buffer) continue;
    for (auto& value : p->value.floats()) value += static_cast<float>(random.uniform(-0.2, 0.2));
  }
  return graph;
}

}  // namespace

TEST_CASE("the gradient of each complete network is that of its double-precision reference", "[network]") {
  struct Case {
    const char* name;
    std::array<std::int64_t, 2> size;
  };
  // Sizes that leave batch normalisation 2x2 pixels of three images where maps are smallest.
  for (const Case& c : {Case{"nn1", {48, 48}}, Case{"nn2", {48, 48}}, Case{"nn3", {40, 40}}, Case{"nn4", {48, 48}},
                        Case{"nns1", {56, 56}}, Case{"nns2", {56, 48}}, Case{"tiny", {32, 32}}}) {
    for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
      INFO(c.name << ", " << (norm == nn::Norm::batch ? "batch" : "lrn"));
      check_gradient(network(c.name, norm, c.size));
    }
  }
}
