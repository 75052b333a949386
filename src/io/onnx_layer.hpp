// A layer of a graph being written as ONNX nodes: what the writers of the operators work with.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <onnx.pb.h>

#include "graph/graph.hpp"

namespace facenet {

onnx::AttributeProto onnx_attribute(const std::string& name, std::int64_t value);
onnx::AttributeProto onnx_attribute(const std::string& name, float value);
onnx::AttributeProto onnx_attribute(const std::string& name, const std::vector<std::int64_t>& values);

/// Names of values: no two are equal, and none is empty.
class OnnxNames {
 public:
  std::string claim(const std::string& wanted) {
    const std::string name = wanted.empty() ? "value" : wanted;
    if (used_.insert(name).second) return name;
    // Where the last search for a free one ended: a file may give one name to all of its nodes.
    std::size_t& next = next_.try_emplace(name, 2).first->second;
    while (true) {
      std::string numbered = name + "/" + std::to_string(next++);
      if (used_.insert(numbered).second) return numbered;
    }
  }

 private:
  std::unordered_set<std::string> used_;
  std::unordered_map<std::string, std::size_t> next_;
};

/// One node of ours, which becomes one or more of ONNX: the last one added gives the layer's result.
class OnnxLayer {
 public:
  /// `values`: the names of the graph's values, known for all sources of `node`.
  OnnxLayer(const Graph& graph, const Graph::Node& node, const std::vector<std::string>& values, OnnxNames& names,
            onnx::GraphProto& file)
      : graph_(graph), node_(node), values_(values), names_(names), file_(file) {}

  const std::string& name() const { return node_.name; }
  const Operator& op() const { return *node_.op; }
  const std::vector<int>& src() const { return node_.src; }
  /// Of a source, with batch 1.
  const Shape& shape(std::size_t source) const { return graph_.value(node_.src[source]).shape; }
  /// Of the layer's result, with batch 1.
  const Shape& result_shape() const { return graph_.value(node_.dst).shape; }
  const std::string& source(std::size_t i) const { return values_[static_cast<std::size_t>(node_.src[i])]; }
  /// All of them, parameters last.
  std::vector<std::string> sources() const;

  /// Appends a node, called after the layer: "NAME", or "NAME/part". Gives the name of its result.
  std::string add(const std::string& type, const std::vector<std::string>& src,
                  std::initializer_list<onnx::AttributeProto> attributes = {}, const std::string& part = {});
  /// Adds a constant "NAME/part" of this shape; a scalar without one. Gives its name.
  std::string constant(const std::string& part, std::span<const float> values, const std::vector<std::int64_t>& shape);
  std::string constant(const std::string& part, float value) { return constant(part, std::span(&value, 1), {}); }
  std::string constant(const std::string& part, std::span<const std::int64_t> values);
  /// Says that the layer's result is the value of this name: nothing is computed.
  void pass_on(const std::string& value) { result_ = value; }

  /// The name of the layer's result: what was passed on, else the last node's.
  const std::string& result() const { return result_; }

 private:
  std::string part_name(const std::string& part) const { return part.empty() ? name() : name() + "/" + part; }

  const Graph& graph_;
  const Graph::Node& node_;
  const std::vector<std::string>& values_;
  OnnxNames& names_;
  onnx::GraphProto& file_;
  std::string result_;
};

/// Fills `tensor` with floats, little-endian.
void set_onnx_values(onnx::TensorProto& tensor, std::span<const float> values, std::span<const std::int64_t> shape);

}  // namespace facenet
