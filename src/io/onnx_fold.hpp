// ONNX nodes that compute with constants alone: done once, when the file is read.
#pragma once

#include <string_view>
#include <vector>

#include "io/onnx_builder.hpp"

namespace facenet {

/// Computes the node where all of its sources are constants and it is of a kind that is computed so; else false.
bool fold_onnx_node(OnnxNode& node);
/// The kinds that are computed.
std::vector<std::string_view> onnx_folded_types();

/// The extents of a result that a Reshape asks for, 0 and -1 as ONNX means them; refused when they do not fit.
Shape onnx_reshaped(OnnxNode& node, const Shape& shape, std::span<const std::int64_t> target, bool zero_is_zero);

/// What a Slice takes of one axis, which is as the file says it: below 0, counted from the end.
struct OnnxSlice {
  std::int64_t axis = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t step = 1;
};
/// All that a Slice takes, by its inputs or, in older files, its attributes; refused when their lengths differ.
std::vector<OnnxSlice> onnx_slices(const OnnxNode& node);
/// The places that a Slice takes of an axis of this extent.
std::vector<std::int64_t> onnx_places(const OnnxNode& node, std::int64_t extent, std::int64_t start, std::int64_t end,
                                      std::int64_t step);
/// What Shape gives of these extents: all, or those from `start` to `end`.
OnnxConstant onnx_shape(const OnnxNode& node, std::vector<std::int64_t> dims);

}  // namespace facenet
