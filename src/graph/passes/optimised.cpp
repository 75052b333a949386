// The passes in their order.
#include "graph/passes/passes.hpp"

namespace facenet::passes {

Graph optimised(const Graph& graph) {
  // ReLU goes into the batch normalisation first, and with it into the convolution.
  return fold_batch_norm(fuse_relu(fold_affine(remove_dropout(remove_dead_nodes(graph)))));
}

}  // namespace facenet::passes
