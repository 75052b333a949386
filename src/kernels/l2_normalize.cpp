// dst = src / |src|;  diff_src = (diff_dst - dst * <dst, diff_dst>) / |src|
#include "kernels/l2_normalize.hpp"

#include <cmath>

#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

// Sums in double: a line has some hundred elements, and its length decides every distance.
double dot(const float* a, const float* b, const Lines& lines) {
  double sum = 0;
  for (std::int64_t i = 0; i < lines.extent * lines.inner; i += lines.inner) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

double inverse_length(const float* src, const Lines& lines) {
  const double norm = std::sqrt(dot(src, src, lines));
  return norm > 0 ? 1.0 / norm : 0.0;
}

// Where each line begins.
template <typename Function>
void for_each(const Lines& lines, Function&& function) {
  parallel_for(lines.lines, [&](std::int64_t line) {
    function(line / lines.inner * lines.extent * lines.inner + line % lines.inner);
  });
}

}  // namespace

KernelPtr l2_normalize(const Lines& lines) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    for_each(lines, [&](std::int64_t first) {
      const float* src = static_cast<const float*>(a[0]) + first;
      float* dst = static_cast<float*>(a[1]) + first;
      const double scale = inverse_length(src, lines);
      for (std::int64_t i = 0; i < lines.extent * lines.inner; i += lines.inner) {
        dst[i] = static_cast<float>(static_cast<double>(src[i]) * scale);
      }
    });
  });
}

KernelPtr l2_normalize_backward(const Lines& lines) {
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    for_each(lines, [&](std::int64_t first) {
      const float* dst = static_cast<const float*>(a[1]) + first;
      const float* diff_dst = static_cast<const float*>(a[2]) + first;
      float* diff_src = static_cast<float*>(a[3]) + first;
      const double scale = inverse_length(static_cast<const float*>(a[0]) + first, lines);
      const double along = dot(dst, diff_dst, lines);
      for (std::int64_t i = 0; i < lines.extent * lines.inner; i += lines.inner) {
        diff_src[i] =
            static_cast<float>((static_cast<double>(diff_dst[i]) - static_cast<double>(dst[i]) * along) * scale);
      }
    });
  });
}

}  // namespace facenet::kernels
