// A border around maps and channels of any layout, and the inverse.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// How much comes before the source's first channel, row and column.
struct Border {
  std::int64_t channels, rows, columns;
};

/// Whether channels can be padded in `layout` as they lie: by whole blocks, behind whole blocks.
bool pads_channels(Layout layout, std::int64_t before, std::int64_t channels);

/// `src` and `dst` in one layout, which pads_channels if their channels differ; without filled up channels unless
/// `value` is 0. arguments: src, dst
KernelPtr pad(const TensorSpec& src, const TensorSpec& dst, const Border& begin, float value);
/// The part of `src` that begins there and has the size of `dst`. arguments: src, dst
KernelPtr crop(const TensorSpec& src, const TensorSpec& dst, const Border& begin);

}  // namespace facenet::kernels
