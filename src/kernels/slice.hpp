// Some of the places along an axis, and back.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// Of a plain tensor: along `axis`, `count` places from `begin` on, `step` apart.
struct SliceProblem {
  std::size_t axis;
  std::int64_t begin, count, step;
};

KernelPtr slice(const TensorSpec& src, const SliceProblem& problem);           ///< src, dst
KernelPtr slice_backward(const TensorSpec& src, const SliceProblem& problem);  ///< diff_dst, diff_src: else 0

}  // namespace facenet::kernels
