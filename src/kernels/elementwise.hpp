// Element by element over stored memory: all of these keep zeros zero, so padded channels stay valid.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

KernelPtr relu(const TensorSpec& spec);           ///< src, dst: max(src, 0)
KernelPtr relu_backward(const TensorSpec& spec);  ///< dst, diff_dst, diff_src: diff_dst where dst > 0
/// src 0, src 1, ..., dst: their sum
KernelPtr add(const TensorSpec& spec, std::size_t count);
/// Multiplies by a mask of the same type and layout. src, mask, dst
KernelPtr multiply(const TensorSpec& spec);

/// Sum of tensors of one shape, in the type and layout of the first.
Tensor sum(std::span<const Tensor> tensors);

}  // namespace facenet::kernels
