// Lines along an axis scaled to unit length.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// Of plain f32: `lines` lines along an axis, each of `extent` elements that are `inner` apart.
struct Lines {
  std::int64_t lines, extent, inner;
};

/// src, dst. A line of zeros stays zero.
KernelPtr l2_normalize(const Lines& lines);
/// src, dst, diff_dst, diff_src
KernelPtr l2_normalize_backward(const Lines& lines);

}  // namespace facenet::kernels
