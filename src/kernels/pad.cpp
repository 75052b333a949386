// Row by row: what is copied, and what is filled around it.
#include "kernels/pad.hpp"

#include <algorithm>

#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

// Maps of both sides, and where the smaller one's begin in the larger one's.
struct Maps {
  std::int64_t large, small, before;  // of one image
  SpatialView large_view, small_view;
  Border begin;
  Maps(const TensorSpec& larger, const TensorSpec& smaller, const Border& b)
      : large_view(larger), small_view(smaller), begin(b) {
    large = large_view.outer / larger.shape[0];
    small = small_view.outer / smaller.shape[0];
    before = b.channels / block_of(larger.layout);
  }
};

template <typename T>
KernelPtr pad_kernel(const Maps& maps, T value) {
  return function_kernel("own:copy", [=](std::span<void* const> a) {
    const SpatialView& src = maps.small_view;
    const SpatialView& dst = maps.large_view;
    parallel_for(dst.outer * dst.height, [&](std::int64_t row) {
      const std::int64_t y = row % dst.height - maps.begin.rows;
      const std::int64_t map = row / dst.height % maps.large - maps.before;
      const std::int64_t image = row / dst.height / maps.large;
      T* to = static_cast<T*>(a[1]) + row * dst.width * dst.inner;
      T* const end = to + dst.width * dst.inner;
      if (y >= 0 && y < src.height && map >= 0 && map < maps.small) {
        to = std::fill_n(to, maps.begin.columns * dst.inner, value);
        const std::int64_t from = (image * maps.small + map) * src.height + y;
        to = std::copy_n(static_cast<const T*>(a[0]) + from * src.width * src.inner, src.width * src.inner, to);
      }
      std::fill(to, end, value);
    });
  });
}

template <typename T>
KernelPtr crop_kernel(const Maps& maps) {
  return function_kernel("own:copy", [=](std::span<void* const> a) {
    const SpatialView& src = maps.large_view;
    const SpatialView& dst = maps.small_view;
    parallel_for(dst.outer * dst.height, [&](std::int64_t row) {
      const std::int64_t map = row / dst.height % maps.small + maps.before;
      const std::int64_t image = row / dst.height / maps.small;
      const std::int64_t y = row % dst.height + maps.begin.rows;
      const std::int64_t from = ((image * maps.large + map) * src.height + y) * src.width + maps.begin.columns;
      std::copy_n(static_cast<const T*>(a[0]) + from * src.inner, dst.width * dst.inner,
                  static_cast<T*>(a[1]) + row * dst.width * dst.inner);
    });
  });
}

}  // namespace

bool pads_channels(Layout layout, std::int64_t before, std::int64_t channels) {
  const std::int64_t block = block_of(layout);
  return layout != Layout::nhwc && before % block == 0 && channels % block == 0;
}

KernelPtr pad(const TensorSpec& src, const TensorSpec& dst, const Border& begin, float value) {
  const Maps maps(dst, src, begin);
  return src.type == DataType::bf16 ? pad_kernel<Bfloat16>(maps, value) : pad_kernel<float>(maps, value);
}

KernelPtr crop(const TensorSpec& src, const TensorSpec& dst, const Border& begin) {
  const Maps maps(src, dst, begin);
  return src.type == DataType::bf16 ? crop_kernel<Bfloat16>(maps) : crop_kernel<float>(maps);
}

}  // namespace facenet::kernels
