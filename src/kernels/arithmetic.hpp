// Sum, difference, product and quotient of two tensors, element by element, with broadcasting.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

enum class Arithmetic : std::uint8_t { add, subtract, multiply, divide };

/// How a source of this shape, of dst's rank with extents that are dst's or 1, must come: as dst, but plain where one
/// channel is to serve all of a blocked dst.
TensorSpec broadcast_spec(const Shape& src, const TensorSpec& dst);
/// dst = left (kind) right; both as `broadcast_spec` says. What becomes of padded channels is what the operation makes
/// of zeros. arguments: left, right, dst; with `swapped` right, left, dst
KernelPtr arithmetic(Arithmetic kind, const TensorSpec& left, const TensorSpec& right, const TensorSpec& dst,
                     bool swapped = false);

}  // namespace facenet::kernels
