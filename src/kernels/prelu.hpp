// Rectified linear unit with a slope for each channel, or one for all; zeros stay zeros.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// `slopes`: how many, C or 1; they are f32. arguments: src, slope, dst
KernelPtr prelu(const TensorSpec& spec, std::int64_t slopes);
/// arguments: src, diff_dst, slope, diff_src
KernelPtr prelu_backward_data(const TensorSpec& spec, std::int64_t slopes);
/// arguments: src, diff_dst, diff_slope
KernelPtr prelu_backward_slope(const TensorSpec& spec, std::int64_t slopes);

}  // namespace facenet::kernels
