// A batch normalisation that alone reads a convolution becomes part of its weights and bias.
#include <cmath>

#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/batch_norm.hpp"
#include "ops/convolution.hpp"

namespace facenet::passes {
namespace {

ParameterPtr changed(const ParameterPtr& like, const std::string& name, const Tensor& value) {
  auto parameter = std::make_shared<Parameter>();
  parameter->name = name;
  parameter->value = value;
  parameter->decay = like->decay;
  return parameter;
}

// Weights and bias of the convolution with the normalisation in them.
std::vector<ParameterPtr> folded(const Graph& graph, const Graph::Node& conv, bool has_bias, const Graph::Node& norm,
                                 float epsilon) {
  const auto& weights = graph.value(conv.src[1]).parameter;
  const auto values = [&](int id) { return graph.value(id).parameter->value.floats(); };
  const auto scale = values(norm.src[1]);
  const auto shift = values(norm.src[2]);
  const auto mean = values(norm.src[3]);
  const auto variance = values(norm.src[4]);
  const Tensor new_weights = weights->value.clone();
  const Tensor new_bias(TensorSpec{{weights->value.shape()[0]}});
  const auto w = new_weights.floats();
  const std::size_t row = w.size() / scale.size();
  for (std::size_t o = 0; o < scale.size(); ++o) {
    const double gain =
        static_cast<double>(scale[o]) / std::sqrt(static_cast<double>(variance[o]) + static_cast<double>(epsilon));
    for (std::size_t i = o * row; i < (o + 1) * row; ++i) w[i] = static_cast<float>(static_cast<double>(w[i]) * gain);
    const double bias = has_bias ? static_cast<double>(values(conv.src[2])[o]) : 0.0;
    new_bias.floats()[o] =
        static_cast<float>((bias - static_cast<double>(mean[o])) * gain + static_cast<double>(shift[o]));
  }
  return {changed(weights, weights->name, new_weights), changed(weights, conv.name + "/folded_bias", new_bias)};
}

}  // namespace

Graph fold_batch_norm(const Graph& graph) {
  const auto uses = use_counts(graph);
  const auto producer = producers(graph);
  // For each convolution the normalisation that goes into it.
  std::vector<const Graph::Node*> takes(graph.nodes().size());
  std::vector<bool> gone(graph.nodes().size());
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const auto& node = graph.nodes()[i];
    if (dynamic_cast<const BatchNorm*>(node.op.get()) == nullptr) continue;
    const auto source = static_cast<std::size_t>(node.src[0]);
    if (producer[source] < 0 || uses[source] != 1) continue;
    const auto p = static_cast<std::size_t>(producer[source]);
    const auto* conv = dynamic_cast<const Convolution*>(graph.nodes()[p].op.get());
    if (conv == nullptr || conv->parameters.relu) continue;
    takes[p] = &node;
    gone[i] = true;
  }
  Rewriter rewriter(graph);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const auto& node = graph.nodes()[i];
    if (gone[i]) continue;
    if (takes[i] == nullptr) {
      rewriter.copy(node);
      continue;
    }
    const auto& norm = dynamic_cast<const BatchNorm&>(*takes[i]->op).parameters;
    auto parameters = dynamic_cast<const Convolution&>(*node.op).parameters;
    const bool had_bias = parameters.bias;
    parameters.bias = true;
    parameters.relu = norm.relu;
    rewriter.add(node.name, std::make_shared<Convolution>(parameters), std::span(node.src).first(1),
                 folded(graph, node, had_bias, *takes[i], norm.epsilon), takes[i]->dst);
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
