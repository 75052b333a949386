// A border around the maps of any layout, and the inverse.
#pragma once

#include <array>

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// `src` and `dst` in one layout; without padded channels unless `value` is 0. `begin`: rows above, columns to the
/// left. arguments: src, dst
KernelPtr pad(const TensorSpec& src, const TensorSpec& dst, const std::array<std::int64_t, 2>& begin, float value);
/// The part of `src` that begins there and has the size of `dst`. arguments: src, dst
KernelPtr crop(const TensorSpec& src, const TensorSpec& dst, const std::array<std::int64_t, 2>& begin);

}  // namespace facenet::kernels
