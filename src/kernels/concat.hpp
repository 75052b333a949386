// Concatenation along an axis and its inverse, by copying whole runs of memory.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// Whether tensors of these channel counts can be joined in `layout` without tearing blocks apart.
bool can_concat(std::span<const std::int64_t> channels, Layout layout);
/// Whether their joint is nothing but their memory, one after the other.
bool is_joined(std::span<const TensorSpec> src, std::size_t axis = 1);
/// src 0, src 1, ..., dst; all of one type and layout, which is plain unless channels are joined.
KernelPtr concat(std::span<const TensorSpec> src, std::size_t axis = 1);
/// src, then each part: the inverse of concat.
KernelPtr split(std::span<const TensorSpec> parts, std::size_t axis = 1);

}  // namespace facenet::kernels
