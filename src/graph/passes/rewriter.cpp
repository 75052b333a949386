// A graph written anew, node by node.
#include "graph/passes/rewriter.hpp"

namespace facenet::passes {

Rewriter::Rewriter(const Graph& old) : old_(old), graph_(old.input_shape()), map_(old.values().size(), -1) {
  map_[0] = 0;
}

int Rewriter::value(int old) {
  int& now = new_value(old);
  if (now < 0) now = graph_.add_parameter(old_.value(old).parameter);
  return now;
}

void Rewriter::add(const std::string& name, const OperatorPtr& op, std::span<const int> src, int dst) {
  add(name, op, src, {}, dst);
}

void Rewriter::add(const std::string& name, const OperatorPtr& op, std::span<const int> src,
                   std::span<const ParameterPtr> parameters, int dst) {
  std::vector<int> sources;
  for (const int s : src) sources.push_back(value(s));
  for (const auto& parameter : parameters) sources.push_back(graph_.add_parameter(parameter));
  new_value(dst) = graph_.add_node(name, op, sources);
}

Graph Rewriter::finish() {
  graph_.set_output(value(old_.output()));
  return std::move(graph_);
}

std::vector<int> use_counts(const Graph& graph) {
  std::vector<int> counts(graph.values().size());
  for (const auto& node : graph.nodes()) {
    for (const int s : node.src) ++counts[static_cast<std::size_t>(s)];
  }
  ++counts[static_cast<std::size_t>(graph.output())];
  return counts;
}

std::vector<int> producers(const Graph& graph) {
  std::vector<int> list(graph.values().size(), -1);
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    list[static_cast<std::size_t>(graph.nodes()[i].dst)] = static_cast<int>(i);
  }
  return list;
}

}  // namespace facenet::passes
