// Rows brought to mean 0 and variance 1, then scaled and shifted.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// [rows,columns], plain f32; scale and, with `shift`, shift are [columns], mean and variance [rows].
struct LayerNormProblem {
  std::int64_t rows, columns;
  float epsilon;
  bool shift;
};

KernelPtr layer_norm(const LayerNormProblem& problem);           ///< src, scale, (shift,) dst
KernelPtr layer_norm_training(const LayerNormProblem& problem);  ///< src, scale, (shift,) dst, mean, variance
/// src, mean, variance, scale, (shift,) diff_dst, diff_src, diff_scale(, diff_shift)
KernelPtr layer_norm_backward(const LayerNormProblem& problem);

}  // namespace facenet::kernels
