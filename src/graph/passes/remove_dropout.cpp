// Dropout does nothing in inference.
#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/dropout.hpp"

namespace facenet::passes {

Graph remove_dropout(const Graph& graph) {
  Rewriter rewriter(graph);
  for (const auto& node : graph.nodes()) {
    if (dynamic_cast<const Dropout*>(node.op.get()) != nullptr) {
      rewriter.alias(node.dst, node.src[0]);
    } else {
      rewriter.copy(node);
    }
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
