// Multiplications by and additions of a constant for each channel that alone read a convolution become part of its
// weights and bias: batch normalisation as other frameworks write it.
#include <algorithm>

#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/arithmetic.hpp"
#include "ops/convolution.hpp"

namespace facenet::passes {
namespace {

ParameterPtr renamed(const ParameterPtr& like, const std::string& name, const Tensor& value) {
  auto parameter = std::make_shared<Parameter>();
  parameter->name = name;
  parameter->value = value;
  parameter->decay = like->decay;
  return parameter;
}

// A number for each channel, or one for all: [C,1,1], [1,C,1,1], [1] and the like.
bool is_of_channels(const Shape& constant, std::int64_t channels) {
  if (constant.elements() == 1) return true;
  const std::size_t rank = constant.rank();
  return rank >= 3 && rank <= 4 && constant.elements() == channels && constant[rank - 3] == channels;
}

// result = gain * what the convolution gives without its bias + shift, for each channel
struct Affine {
  std::vector<double> gain, shift;
  void apply(Arithmetic::Kind kind, std::span<const float> constant) {
    for (std::size_t o = 0; o < gain.size(); ++o) {
      const auto value = static_cast<double>(constant[constant.size() == 1 ? 0 : o]);
      if (kind == Arithmetic::Kind::add) shift[o] += value;
      if (kind == Arithmetic::Kind::subtract) shift[o] -= value;
      const double factor = kind == Arithmetic::Kind::multiply ? value
                            : kind == Arithmetic::Kind::divide ? 1 / value
                                                               : 1;
      gain[o] *= factor;
      shift[o] *= factor;
    }
  }
};

const Arithmetic* foldable(const Graph& graph, const Graph::Node& node, std::int64_t channels) {
  const auto* op = dynamic_cast<const Arithmetic*>(node.op.get());
  if (op == nullptr || !op->parameters.constant) return nullptr;
  const bool commutes = op->kind == Arithmetic::Kind::add || op->kind == Arithmetic::Kind::multiply;
  if (op->parameters.reversed && !commutes) return nullptr;
  return is_of_channels(graph.value(node.src[1]).shape, channels) ? op : nullptr;
}

}  // namespace

Graph fold_affine(const Graph& graph) {
  const auto uses = use_counts(graph);
  const auto& nodes = graph.nodes();
  std::vector<std::size_t> reader(graph.values().size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const int id : nodes[i].src) reader[static_cast<std::size_t>(id)] = i;
  }
  std::vector<bool> gone(nodes.size());
  Rewriter rewriter(graph);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (gone[i]) continue;
    const auto* conv = dynamic_cast<const Convolution*>(nodes[i].op.get());
    std::size_t last = i;
    if (conv == nullptr || conv->parameters.relu) {
      rewriter.copy(nodes[i]);
      continue;
    }
    const auto& weights = graph.value(nodes[i].src[1]).parameter;
    const std::int64_t channels = weights->value.shape()[0];
    Affine affine{std::vector<double>(static_cast<std::size_t>(channels), 1), {}};
    affine.shift.resize(affine.gain.size());
    if (conv->parameters.bias)
      affine.apply(Arithmetic::Kind::add, graph.value(nodes[i].src[2]).parameter->value.floats());
    while (uses[static_cast<std::size_t>(nodes[last].dst)] == 1 && nodes[last].dst != graph.output()) {
      const std::size_t next = reader[static_cast<std::size_t>(nodes[last].dst)];
      const auto* op = foldable(graph, nodes[next], channels);
      if (op == nullptr) break;
      affine.apply(op->kind, graph.value(nodes[next].src[1]).parameter->value.floats());
      gone[next] = true;
      last = next;
    }
    if (last == i) {
      rewriter.copy(nodes[i]);
      continue;
    }
    const Tensor folded = weights->value.clone();
    const Tensor bias(TensorSpec{{channels}});
    const std::size_t row = folded.floats().size() / affine.gain.size();
    for (std::size_t k = 0; k < folded.floats().size(); ++k) {
      folded.floats()[k] = static_cast<float>(static_cast<double>(folded.floats()[k]) * affine.gain[k / row]);
    }
    std::ranges::transform(affine.shift, bias.floats().begin(), [](double v) { return static_cast<float>(v); });
    auto parameters = conv->parameters;
    parameters.bias = true;
    rewriter.add(
        nodes[last].name, std::make_shared<Convolution>(parameters), std::span(nodes[i].src).first(1),
        std::vector{renamed(weights, weights->name, folded), renamed(weights, nodes[i].name + "/folded_bias", bias)},
        nodes[last].dst);
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
