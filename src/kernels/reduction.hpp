// Sums, means and maxima over axes of plain f32 data.
#pragma once

#include <vector>

#include "kernels/kernel.hpp"

namespace facenet::kernels {

enum class Reduction : std::uint8_t { sum, mean, maximum };

/// `reduced`: for each axis whether it goes. dst: what the other axes leave, plain. arguments: src, dst
KernelPtr reduction(Reduction kind, const Shape& src, const std::vector<bool>& reduced);
/// To the first of the maxima. arguments: src, dst, diff_dst, diff_src
KernelPtr maximum_backward(const Shape& src, const std::vector<bool>& reduced);

}  // namespace facenet::kernels
