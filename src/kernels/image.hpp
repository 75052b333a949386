// From bytes to numbers: the first step of every network.
#pragma once

#include <array>

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// src: u8 [N,H,W,3] plain, RGB. dst: logical [N,3,H,W], plain, f32 or bf16: (value - mean) * scale for each
/// channel. Or s8, nhwc: the same rounded and cut to -127..127. `bgr` writes the channels in the other order; mean and
/// scale are in the order written. src, dst
KernelPtr image_to_tensor(const TensorSpec& src, const TensorSpec& dst, const std::array<float, 3>& mean,
                          const std::array<float, 3>& scale, bool bgr);

}  // namespace facenet::kernels
