// Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3).
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// nhwc or blocked; f32 or bf16.
struct LocalResponseNormProblem {
  TensorSpec src;  ///< dst, diff_src and diff_dst have the same
  std::int64_t size = 5;
  float alpha = 1e-4F;
  float beta = 0.75F;
  float k = 1.0F;
};

KernelPtr local_response_norm(const LocalResponseNormProblem& problem);           ///< src, dst
KernelPtr local_response_norm_backward(const LocalResponseNormProblem& problem);  ///< src, diff_dst, diff_src

}  // namespace facenet::kernels
