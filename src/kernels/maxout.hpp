// Maximum over pieces of the channels.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// Blocked only where a piece's channels fill whole blocks.
struct MaxoutProblem {
  TensorSpec src;
  std::int64_t pieces = 2;

  TensorSpec dst() const;
};

/// arguments: src, dst
KernelPtr maxout(const MaxoutProblem& problem);
/// arguments: src, diff_dst, diff_src
KernelPtr maxout_backward(const MaxoutProblem& problem);

}  // namespace facenet::kernels
