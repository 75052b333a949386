// How our operators are written in ONNX: a table by the operators' names.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <onnx.pb.h>

#include "graph/graph.hpp"

namespace facenet {

constexpr std::int64_t kOnnxOperatorSet = 17;

/// Fills in nodes, initializers, "input" and "embedding". Layers and parameters keep their names; where a layer needs
/// several nodes, the others are called after it. InvalidArgument names the layer that cannot be written.
void write_onnx_graph(const Graph& graph, onnx::GraphProto& file);

/// Whether an operator of this name can be written.
bool has_onnx_writer(std::string_view operator_name);

}  // namespace facenet
