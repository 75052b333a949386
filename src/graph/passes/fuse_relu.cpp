// A ReLU that alone reads a convolution or a batch normalisation becomes part of it.
#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/batch_norm.hpp"
#include "ops/convolution.hpp"
#include "ops/relu.hpp"

namespace facenet::passes {
namespace {

// The operator with its ReLU switched on; null where there is nothing to switch.
template <typename Op>
OperatorPtr switched_on(const Operator& op) {
  const auto* plain = dynamic_cast<const Op*>(&op);
  if (plain == nullptr) return nullptr;
  auto parameters = plain->parameters;
  parameters.relu = true;
  return std::make_shared<Op>(parameters);
}

OperatorPtr with_relu(const Operator& op) {
  auto fused = switched_on<Convolution>(op);
  return fused ? fused : switched_on<BatchNorm>(op);
}

}  // namespace

Graph fuse_relu(const Graph& graph) {
  const auto uses = use_counts(graph);
  const auto producer = producers(graph);
  // For each node that takes a ReLU over, the operator it becomes and the value it then makes.
  std::vector<std::pair<OperatorPtr, int>> takes(graph.nodes().size());
  std::vector<bool> gone(graph.nodes().size());
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const auto& node = graph.nodes()[i];
    if (dynamic_cast<const Relu*>(node.op.get()) == nullptr) continue;
    const auto source = static_cast<std::size_t>(node.src[0]);
    if (producer[source] < 0 || uses[source] != 1) continue;
    const auto p = static_cast<std::size_t>(producer[source]);
    auto fused = with_relu(*graph.nodes()[p].op);
    if (!fused) continue;
    takes[p] = {std::move(fused), node.dst};
    gone[i] = true;
  }
  Rewriter rewriter(graph);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const auto& node = graph.nodes()[i];
    if (gone[i]) continue;
    if (takes[i].first) {
      rewriter.add(node.name, takes[i].first, node.src, takes[i].second);
    } else {
      rewriter.copy(node);
    }
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
