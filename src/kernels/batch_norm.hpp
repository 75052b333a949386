// Batch normalisation kernels: training forward, inference forward, backward. ReLU can be part of them.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

struct BatchNormProblem {
  TensorSpec src;  ///< dst, diff_src and diff_dst have the same
  float epsilon = 1e-5F;
  bool relu = false;
  bool given_statistics = false;  ///< training: mean and variance come in, as constants, instead of going out
};

struct BatchNormTraining {
  KernelPtr forward;   ///< src, scale, shift, dst, mean, variance, workspace
  KernelPtr backward;  ///< src, mean, variance, scale, diff_dst, workspace, diff_src, diff_scale, diff_shift
  std::size_t workspace_bytes = 0;  ///< where ReLU cut; 0 without ReLU
};

/// Batch statistics are computed by the kernel (biased variance) and given out as two [C] vectors, unless given.
std::shared_ptr<const BatchNormTraining> batch_norm_training(const BatchNormProblem& problem);
/// arguments: src, scale, shift, mean, variance, dst
KernelPtr batch_norm_inference(const BatchNormProblem& problem);

}  // namespace facenet::kernels
