// Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3).
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

struct LocalResponseNormProblem {
  TensorSpec src;
  std::int64_t size = 5;
  float alpha = 1e-4F;
  float beta = 0.75F;
  float k = 1.0F;
};

struct LocalResponseNormTraining {
  KernelPtr forward;   ///< src, dst, workspace
  KernelPtr backward;  ///< src, diff_dst, workspace, diff_src
  std::size_t workspace_bytes = 0;
};

std::shared_ptr<const LocalResponseNormTraining> local_response_norm_training(const LocalResponseNormProblem& problem);
/// arguments: src, dst
KernelPtr local_response_norm_inference(const LocalResponseNormProblem& problem);

}  // namespace facenet::kernels
