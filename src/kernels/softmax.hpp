// Softmax along an axis of plain f32 data.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// arguments: src, dst
KernelPtr softmax(const Shape& shape, std::size_t axis);
/// arguments: dst, diff_dst, diff_src
KernelPtr softmax_backward(const Shape& shape, std::size_t axis);

}  // namespace facenet::kernels
