// Concatenation of channels and its inverse, by copying whole runs of memory.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// Whether tensors of these channel counts can be joined in `layout` without tearing blocks apart.
bool can_concat(std::span<const std::int64_t> channels, Layout layout);
/// src 0, src 1, ..., dst; all of one type and layout.
KernelPtr concat(std::span<const TensorSpec> src);
/// src, then each part: the inverse of concat.
KernelPtr split(std::span<const TensorSpec> parts);

}  // namespace facenet::kernels
