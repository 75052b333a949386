// Products of matrices, pair by pair.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// `pairs` times [rows,inner] x [inner,columns], plain f32. A transposed source lies in memory as [inner,rows] or
/// [columns,inner].
struct MatmulProblem {
  std::int64_t pairs, rows, inner, columns;
  bool left_transposed = false;
  bool right_transposed = false;
};

/// left, right, dst
KernelPtr matmul(const MatmulProblem& problem);

}  // namespace facenet::kernels
