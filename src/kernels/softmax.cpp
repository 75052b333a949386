// dst = exp(src - largest) / sum of them, which never overflows;  diff_src = dst * (diff_dst - sum of diff_dst * dst)
#include "kernels/softmax.hpp"

#include <algorithm>
#include <cmath>

#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

// The lines along the axis: elements at first + i * inner.
struct Lines {
  std::int64_t outer = 1, extent, inner = 1;
  Lines(const Shape& shape, std::size_t axis) : extent(shape[axis]) {
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
  template <typename Function>
  void for_each(Function&& function) const {
    parallel_for(outer, [&](std::int64_t o) {
      for (std::int64_t i = 0; i < inner; ++i) function(o * extent * inner + i);
    });
  }
};

}  // namespace

KernelPtr softmax(const Shape& shape, std::size_t axis) {
  return function_kernel("own:plain", [lines = Lines(shape, axis)](std::span<void* const> a) {
    lines.for_each([&](std::int64_t first) {
      const float* src = static_cast<const float*>(a[0]) + first;
      float* dst = static_cast<float*>(a[1]) + first;
      const std::int64_t end = lines.extent * lines.inner;
      float largest = src[0];
      for (std::int64_t i = 0; i < end; i += lines.inner) largest = std::max(largest, src[i]);
      double sum = 0;
      for (std::int64_t i = 0; i < end; i += lines.inner) {
        dst[i] = std::exp(src[i] - largest);
        sum += static_cast<double>(dst[i]);
      }
      const auto scale = static_cast<float>(1 / sum);
      for (std::int64_t i = 0; i < end; i += lines.inner) dst[i] *= scale;
    });
  });
}

KernelPtr softmax_backward(const Shape& shape, std::size_t axis) {
  return function_kernel("own:plain", [lines = Lines(shape, axis)](std::span<void* const> a) {
    lines.for_each([&](std::int64_t first) {
      const float* dst = static_cast<const float*>(a[0]) + first;
      const float* diff_dst = static_cast<const float*>(a[1]) + first;
      float* diff_src = static_cast<float*>(a[2]) + first;
      const std::int64_t end = lines.extent * lines.inner;
      double along = 0;
      for (std::int64_t i = 0; i < end; i += lines.inner) {
        along += static_cast<double>(dst[i]) * static_cast<double>(diff_dst[i]);
      }
      for (std::int64_t i = 0; i < end; i += lines.inner)
        diff_src[i] = dst[i] * (diff_dst[i] - static_cast<float>(along));
    });
  });
}

}  // namespace facenet::kernels
