// Plain data with their axes in another order.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// Axis i of the result is axis permutation[i] of `src`, which is plain. arguments: src, dst
KernelPtr transpose(const TensorSpec& src, std::span<const std::int64_t> permutation);

}  // namespace facenet::kernels
