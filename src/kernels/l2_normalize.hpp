// Rows scaled to unit length.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// [N,D] plain float32. src, dst. A row of zeros stays zero.
KernelPtr l2_normalize(std::int64_t rows, std::int64_t columns);
/// src, dst, diff_dst, diff_src
KernelPtr l2_normalize_backward(std::int64_t rows, std::int64_t columns);

}  // namespace facenet::kernels
