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
/// src, dst: src/2 * (1 + erf(src / sqrt 2)), or with `tanh` src/2 * (1 + tanh(sqrt(2/pi) * (src + 0.044715 src^3)))
KernelPtr gelu(const TensorSpec& spec, bool tanh);
KernelPtr gelu_backward(const TensorSpec& spec, bool tanh);  ///< src, diff_dst, diff_src

enum class Unary : std::uint8_t { erf, tanh, square_root };
/// src, dst; f32. All three keep zeros.
KernelPtr unary(Unary function, const TensorSpec& spec);
/// src, diff_dst, diff_src; of a root, `spec` without padded channels: its slope at 0 is infinite
KernelPtr unary_backward(Unary function, const TensorSpec& spec);

/// Sum of tensors of one shape, in the type and layout of the first.
Tensor sum(std::span<const Tensor> tensors);

}  // namespace facenet::kernels
