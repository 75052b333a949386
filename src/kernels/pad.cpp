// Row by row: what is copied, and what is filled around it.
#include "kernels/pad.hpp"

#include <algorithm>

#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

template <typename T>
KernelPtr pad_kernel(const SpatialView& src, const SpatialView& dst, std::array<std::int64_t, 2> begin, T value) {
  return function_kernel("own:copy", [=](std::span<void* const> a) {
    parallel_for(dst.outer * dst.height, [&](std::int64_t row) {
      const std::int64_t y = row % dst.height - begin[0];
      T* to = static_cast<T*>(a[1]) + row * dst.width * dst.inner;
      T* const end = to + dst.width * dst.inner;
      if (y >= 0 && y < src.height) {
        to = std::fill_n(to, begin[1] * dst.inner, value);
        to = std::copy_n(static_cast<const T*>(a[0]) + (row / dst.height * src.height + y) * src.width * src.inner,
                         src.width * src.inner, to);
      }
      std::fill(to, end, value);
    });
  });
}

template <typename T>
KernelPtr crop_kernel(const SpatialView& src, const SpatialView& dst, std::array<std::int64_t, 2> begin) {
  return function_kernel("own:copy", [=](std::span<void* const> a) {
    parallel_for(dst.outer * dst.height, [&](std::int64_t row) {
      const std::int64_t from = (row / dst.height * src.height + row % dst.height + begin[0]) * src.width + begin[1];
      std::copy_n(static_cast<const T*>(a[0]) + from * src.inner, dst.width * dst.inner,
                  static_cast<T*>(a[1]) + row * dst.width * dst.inner);
    });
  });
}

}  // namespace

KernelPtr pad(const TensorSpec& src, const TensorSpec& dst, const std::array<std::int64_t, 2>& begin, float value) {
  const SpatialView from(src);
  const SpatialView to(dst);
  return src.type == DataType::bf16 ? pad_kernel<Bfloat16>(from, to, begin, value)
                                    : pad_kernel<float>(from, to, begin, value);
}

KernelPtr crop(const TensorSpec& src, const TensorSpec& dst, const std::array<std::int64_t, 2>& begin) {
  const SpatialView from(src);
  const SpatialView to(dst);
  return src.type == DataType::bf16 ? crop_kernel<Bfloat16>(from, to, begin) : crop_kernel<float>(from, to, begin);
}

}  // namespace facenet::kernels
