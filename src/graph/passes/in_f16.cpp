// Convolutions are told that they may multiply in float16; what they read and write stays float32.
#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/fused_convolution.hpp"

namespace facenet::passes {

Graph in_f16(const Graph& graph) {
  Rewriter rewriter(graph);
  for (const auto& node : graph.nodes()) {
    OperatorPtr op = node.op;
    if (const auto* convolution = dynamic_cast<const Convolution*>(op.get())) {
      auto changed = std::make_shared<Convolution>(*convolution);
      changed->parameters.f16 = true;
      op = changed;
    } else if (const auto* fused = dynamic_cast<const FusedConvolution*>(op.get())) {
      auto changed = std::make_shared<FusedConvolution>(*fused);
      changed->plain.parameters.f16 = true;
      op = changed;
    }
    rewriter.add(node.name, op, node.src, node.dst);
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
