// Pooling kernels: maximum, average, and L2 (the paper's Table 2).
#pragma once

#include <array>

#include "kernels/kernel.hpp"

namespace facenet::kernels {

enum class Pooling : std::uint8_t { maximum, average, average_with_padding, l2 };

struct PoolingProblem {
  Pooling kind = Pooling::maximum;
  TensorSpec src;
  std::array<std::int64_t, 2> window{3, 3};
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> pad_begin{0, 0};
  std::array<std::int64_t, 2> pad_end{0, 0};

  TensorSpec dst() const;
};

struct PoolingTraining {
  KernelPtr forward;   ///< src, dst, workspace
  KernelPtr backward;  ///< maximum, average: diff_dst, workspace, diff_src; l2: diff_dst, src, dst, diff_src
  std::size_t workspace_bytes = 0;
};

std::shared_ptr<const PoolingTraining> pooling_training(const PoolingProblem& problem);
/// arguments: src, dst
KernelPtr pooling_inference(const PoolingProblem& problem);

}  // namespace facenet::kernels
