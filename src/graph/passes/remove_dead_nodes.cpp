// Nodes and parameters that the output does not depend on.
#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"

namespace facenet::passes {

Graph remove_dead_nodes(const Graph& graph) {
  std::vector<bool> needed(graph.values().size());
  needed[static_cast<std::size_t>(graph.output())] = true;
  const auto& nodes = graph.nodes();
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (!needed[static_cast<std::size_t>(node->dst)]) continue;
    for (const int s : node->src) needed[static_cast<std::size_t>(s)] = true;
  }
  Rewriter rewriter(graph);
  for (const auto& node : nodes) {
    if (needed[static_cast<std::size_t>(node.dst)]) rewriter.copy(node);
  }
  return rewriter.finish();
}

}  // namespace facenet::passes
