// dst = src / |src|;  diff_src = (diff_dst - dst * <dst, diff_dst>) / |src|
#include "kernels/l2_normalize.hpp"

#include <cmath>

#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

// Sums in double: a row has some hundred elements, and its length decides every distance.
double dot(const float* a, const float* b, std::int64_t count) {
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

KernelPtr l2_normalize(std::int64_t rows, std::int64_t columns) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    const auto* src = static_cast<const float*>(a[0]);
    auto* dst = static_cast<float*>(a[1]);
    parallel_for(rows, [&](std::int64_t r) {
      const float* x = src + r * columns;
      const double norm = std::sqrt(dot(x, x, columns));
      const double scale = norm > 0 ? 1.0 / norm : 0.0;
      for (std::int64_t i = 0; i < columns; ++i) {
        dst[r * columns + i] = static_cast<float>(static_cast<double>(x[i]) * scale);
      }
    });
  });
}

KernelPtr l2_normalize_backward(std::int64_t rows, std::int64_t columns) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    const auto* src = static_cast<const float*>(a[0]);
    const auto* dst = static_cast<const float*>(a[1]);
    const auto* diff_dst = static_cast<const float*>(a[2]);
    auto* diff_src = static_cast<float*>(a[3]);
    parallel_for(rows, [&](std::int64_t r) {
      const std::int64_t at = r * columns;
      const double norm = std::sqrt(dot(src + at, src + at, columns));
      const double scale = norm > 0 ? 1.0 / norm : 0.0;
      const double along = dot(dst + at, diff_dst + at, columns);
      for (std::int64_t i = at; i < at + columns; ++i) {
        diff_src[i] =
            static_cast<float>((static_cast<double>(diff_dst[i]) - static_cast<double>(dst[i]) * along) * scale);
      }
    });
  });
}

}  // namespace facenet::kernels
