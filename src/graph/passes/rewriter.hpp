// What every pass is made with: a graph written anew, node by node.
#pragma once

#include <utility>
#include <vector>

#include "graph/graph.hpp"

namespace facenet::passes {

/// Builds a graph from another one. Values are spoken of by their numbers in the old graph; parameters come over when
/// first used, and are shared.
class Rewriter {
 public:
  explicit Rewriter(const Graph& old);

  /// The node as it is.
  void copy(const Graph::Node& node) { add(node.name, node.op, node.src, node.dst); }
  /// A node whose sources and result are the old graph's values.
  void add(const std::string& name, const OperatorPtr& op, std::span<const int> src, int dst);
  /// The same with further parameters after the sources.
  void add(const std::string& name, const OperatorPtr& op, std::span<const int> src,
           std::span<const ParameterPtr> parameters, int dst);
  /// The value `dst` is nothing but `src`.
  void alias(int dst, int src) { new_value(dst) = value(src); }
  Graph finish();

 private:
  int value(int old);
  int& new_value(int old) { return map_[static_cast<std::size_t>(old)]; }

  const Graph& old_;
  Graph graph_;
  std::vector<int> map_;
};

/// How many sources of nodes each value is; the graph's output counts as one more.
std::vector<int> use_counts(const Graph& graph);
/// For each value the index of the node that makes it; -1 for the input and parameters.
std::vector<int> producers(const Graph& graph);

}  // namespace facenet::passes
