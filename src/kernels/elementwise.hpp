// Element by element over stored memory. But where said, all keep zeros zero, so that padded channels stay valid.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

KernelPtr relu(const TensorSpec& spec);           ///< src, dst: max(src, 0)
KernelPtr relu_backward(const TensorSpec& spec);  ///< dst, diff_dst, diff_src: diff_dst where dst > 0
/// src 0, src 1, ..., dst: their sum
KernelPtr add(const TensorSpec& spec, std::size_t count);
/// src, dst: min(max(src, low), high); `spec` without padded channels unless low <= 0 <= high
KernelPtr clip(const TensorSpec& spec, float low, float high);
/// src, diff_dst, diff_src: diff_dst where low <= src <= high
KernelPtr clip_backward(const TensorSpec& spec, float low, float high);
/// src, dst: 1 / (1 + exp(-src)); `spec` without padded channels
KernelPtr sigmoid(const TensorSpec& spec);
/// dst, diff_dst, diff_src: diff_dst * dst * (1 - dst)
KernelPtr sigmoid_backward(const TensorSpec& spec);

/// Sum of tensors of one shape, in the type and layout of the first.
Tensor sum(std::span<const Tensor> tensors);

}  // namespace facenet::kernels
