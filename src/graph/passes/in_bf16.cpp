// The first operator makes bfloat16, and all after it follow.
#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/image_to_tensor.hpp"

namespace facenet::passes {

Graph in_bf16(const Graph& graph) {
  Rewriter rewriter(graph);
  for (const auto& node : graph.nodes()) {
    const auto* image = dynamic_cast<const ImageToTensor*>(node.op.get());
    if (image == nullptr) {
      rewriter.copy(node);
      continue;
    }
    auto changed = std::make_shared<ImageToTensor>(*image);
    changed->parameters.bf16 = true;
    rewriter.add(node.name, changed, node.src, node.dst);
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
