// How ONNX's operators become ours: a table by their names.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "io/onnx_builder.hpp"

namespace facenet {

struct OnnxReader {
  std::string_view type;
  void (*read)(OnnxNode& node);
};

std::span<const OnnxReader> onnx_layer_readers();       ///< convolutions, pooling, normalisations of maps, activations
std::span<const OnnxReader> onnx_matrix_readers();      ///< matrix products, normalisations of rows
std::span<const OnnxReader> onnx_arithmetic_readers();  ///< sums, products, norms and reductions
std::span<const OnnxReader> onnx_shape_readers();       ///< reshaping, padding, constants
std::span<const OnnxReader> onnx_axis_readers();        ///< axes in another order; parts, joints and copies along one

/// Appends what the node means to the graph. FormatError names the node; for an operator that is none of those known,
/// it lists them.
void read_onnx_node(OnnxNode& node);

/// Whether the value is a norm of lines, or on the way to one.
bool is_onnx_norm(const OnnxValue& value);

/// Whether a lower limit of this value does no more than to keep the norm that it is, or its square, from 0: a row of
/// zeros stays one all the same.
bool keeps_norm_from_zero(const OnnxValue& value, float limit);

/// Adds a Reshape of an image's extents, [N] in front; nothing where they are so already. Gives the result.
int add_onnx_reshape(OnnxNode& node, int src, std::span<const std::int64_t> extents, const std::string& part = {});

}  // namespace facenet
