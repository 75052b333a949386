// Networks with the look of trained ones.
#include "networks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "autograd/tape.hpp"
#include "base/random.hpp"
#include "models/architectures.hpp"

namespace facenet::test {
namespace {

Tensor tensor_of(const Graph& graph, std::span<const std::uint8_t> images) {
  const Shape& one = graph.input_shape();
  const auto count = static_cast<std::int64_t>(images.size()) / one.elements();
  const Tensor tensor(TensorSpec{one.with_batch(count), DataType::u8, Layout::plain});
  std::copy(images.begin(), images.end(), static_cast<std::uint8_t*>(tensor.raw()));
  return tensor;
}

}  // namespace

std::vector<std::uint8_t> random_images(const Graph& graph, std::int64_t count, std::uint64_t seed) {
  const Shape& one = graph.input_shape();
  constexpr std::int64_t kPatch = 12;
  Random random(seed);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count * one.elements()));
  std::vector<std::uint8_t> patches(static_cast<std::size_t>((one[2] / kPatch + 1) * 3));
  std::size_t at = 0;
  for (std::int64_t row = 0; row < count * one[1]; ++row) {
    if (row % kPatch == 0) {
      for (auto& value : patches) value = static_cast<std::uint8_t>(random.below(216));
    }
    for (std::int64_t x = 0; x < one[2] * 3; ++x) {
      const auto patch = static_cast<std::size_t>(x / 3 / kPatch * 3 + x % 3);
      bytes[at++] = static_cast<std::uint8_t>(patches[patch] + random.below(40));
    }
  }
  return bytes;
}

Graph seasoned_network(std::string_view architecture, nn::Norm norm, std::uint64_t seed, float dropout) {
  const Graph graph = models::make_architecture(architecture, {.norm = norm, .seed = seed, .dropout = dropout});
  Random random(seed + 99);
  for (const auto& parameter : graph.parameters()) {
    if (parameter->value.shape().rank() != 1 || parameter->buffer) continue;
    for (auto& value : parameter->value.floats()) value += static_cast<float>(random.uniform(-0.3, 0.3));
  }
  for (std::uint64_t step = 0; step < 3; ++step) {
    Tape tape({.mode = {.training = true, .seed = step}, .record = false});
    graph.forward(tape, tape.input(tensor_of(graph, random_images(graph, 8, seed + step))));
  }
  return graph;
}

std::vector<float> tape_embeddings(const Graph& graph, std::span<const std::uint8_t> images) {
  Tape tape({.mode = {}, .record = false});
  const Variable output = graph.forward(tape, tape.input(tensor_of(graph, images)));
  const Tensor plain = kernels::to_plain(tape.value(output));
  return {plain.floats().begin(), plain.floats().end()};
}

float largest_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) throw std::logic_error("lists of different lengths are compared");
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float difference = std::fabs(a[i] - b[i]);
    if (!std::isfinite(difference)) return std::numeric_limits<float>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

}  // namespace facenet::test
