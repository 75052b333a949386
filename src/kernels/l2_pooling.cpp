// L2 pooling: dst = sqrt(sum over the window of src^2).
//   diff_src = src * sum over the windows that cover it of diff_dst / dst, and 0 where dst is 0
// |src| <= dst in every window that covers it, so the gradient is bounded; zeros stay zeros, as padded channels need.
#include "kernels/l2_pooling.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kChunk = 64;  // channels whose sums stay in registers or the first cache line set

// Calls function(first channel, how many): with a constant number for the blocked layouts, whose loops then stay in
// registers.
template <typename Function>
[[gnu::always_inline]] inline void in_chunks(std::int64_t inner, Function&& function) {
  if (inner == 16) return function(std::int64_t{0}, std::integral_constant<std::int64_t, 16>());
  if (inner == 8) return function(std::int64_t{0}, std::integral_constant<std::int64_t, 8>());
  std::int64_t c = 0;
  for (; c + kChunk <= inner; c += kChunk) function(c, std::integral_constant<std::int64_t, kChunk>());
  if (c < inner) function(c, inner - c);
}

struct Plane {
  std::int64_t height, width, out_height, out_width, inner;
  std::array<std::int64_t, 2> window, stride, pad;
};

// `squares` has room for a source plane: each is computed once, not once for every window that covers it.
template <typename T>
FACENET_INLINE void forward_plane(const Plane& p, const T* src, T* dst, float* squares) {
  const std::int64_t inputs = p.height * p.width * p.inner;
  for (std::int64_t i = 0; i < inputs; ++i) {
    const float value = src[i];
    squares[i] = value * value;
  }
  for (std::int64_t oy = 0; oy < p.out_height; ++oy) {
    const std::int64_t y0 = std::max<std::int64_t>(0, oy * p.stride[0] - p.pad[0]);
    const std::int64_t y1 = std::min(p.height, oy * p.stride[0] - p.pad[0] + p.window[0]);
    for (std::int64_t ox = 0; ox < p.out_width; ++ox) {
      const std::int64_t x0 = std::max<std::int64_t>(0, ox * p.stride[1] - p.pad[1]);
      const std::int64_t x1 = std::min(p.width, ox * p.stride[1] - p.pad[1] + p.window[1]);
      T* out = dst + (oy * p.out_width + ox) * p.inner;
      in_chunks(
          p.inner, [&](std::int64_t c, auto count) __attribute__((always_inline)) {
            float sum[kChunk] = {};
            for (std::int64_t y = y0; y < y1; ++y) {
              for (std::int64_t x = x0; x < x1; ++x) {
                const float* pixel = squares + (y * p.width + x) * p.inner + c;
                for (std::int64_t k = 0; k < count; ++k) sum[k] += pixel[k];
              }
            }
            for (std::int64_t k = 0; k < count; ++k) out[c + k] = std::sqrt(sum[k]);
          });
    }
  }
}

// `ratio` has room for a destination plane.
template <typename T>
FACENET_INLINE void backward_plane(const Plane& p, const T* diff_dst, const T* src, const T* dst, T* diff_src,
                                   float* ratio) {
  const std::int64_t outputs = p.out_height * p.out_width * p.inner;
  for (std::int64_t i = 0; i < outputs; ++i) {
    const float norm = dst[i];
    const float gradient = diff_dst[i];
    ratio[i] = norm > 0 ? gradient / norm : 0.0F;
  }
  for (std::int64_t y = 0; y < p.height; ++y) {
    // Windows oy with oy * stride - pad <= y < oy * stride - pad + window.
    const std::int64_t low_y = y + p.pad[0] - p.window[0] + 1;
    const std::int64_t oy0 = low_y <= 0 ? 0 : (low_y + p.stride[0] - 1) / p.stride[0];
    const std::int64_t oy1 = std::min(p.out_height, (y + p.pad[0]) / p.stride[0] + 1);
    for (std::int64_t x = 0; x < p.width; ++x) {
      const std::int64_t low_x = x + p.pad[1] - p.window[1] + 1;
      const std::int64_t ox0 = low_x <= 0 ? 0 : (low_x + p.stride[1] - 1) / p.stride[1];
      const std::int64_t ox1 = std::min(p.out_width, (x + p.pad[1]) / p.stride[1] + 1);
      const std::int64_t at = (y * p.width + x) * p.inner;
      in_chunks(
          p.inner, [&](std::int64_t c, auto count) __attribute__((always_inline)) {
            float sum[kChunk] = {};
            for (std::int64_t oy = oy0; oy < oy1; ++oy) {
              for (std::int64_t ox = ox0; ox < ox1; ++ox) {
                const float* r = ratio + (oy * p.out_width + ox) * p.inner + c;
                for (std::int64_t k = 0; k < count; ++k) sum[k] += r[k];
              }
            }
            for (std::int64_t k = 0; k < count; ++k)
              diff_src[at + c + k] = static_cast<float>(src[at + c + k]) * sum[k];
          });
    }
  }
}

FACENET_SIMD void forward_f32(const Plane& p, const float* src, float* dst, float* squares) {
  forward_plane(p, src, dst, squares);
}
FACENET_SIMD void forward_bf16(const Plane& p, const Bfloat16* src, Bfloat16* dst, float* squares) {
  forward_plane(p, src, dst, squares);
}
FACENET_SIMD void backward_f32(const Plane& p, const float* diff_dst, const float* src, const float* dst,
                               float* diff_src, float* ratio) {
  backward_plane(p, diff_dst, src, dst, diff_src, ratio);
}
FACENET_SIMD void backward_bf16(const Plane& p, const Bfloat16* diff_dst, const Bfloat16* src, const Bfloat16* dst,
                                Bfloat16* diff_src, float* ratio) {
  backward_plane(p, diff_dst, src, dst, diff_src, ratio);
}

// A plane of floats for the thread that asks.
float* scratch(std::int64_t size) {
  thread_local std::vector<float> memory;
  memory.resize(std::max(memory.size(), static_cast<std::size_t>(size)));
  return memory.data();
}

Plane plane_of(const PoolingProblem& p) {
  const SpatialView src(p.src);
  const SpatialView dst(p.dst());
  return {src.height, src.width, dst.height, dst.width, src.inner, p.window, p.stride, p.pad_begin};
}

}  // namespace

KernelPtr l2_pooling_forward(const PoolingProblem& p) {
  const Plane plane = plane_of(p);
  const std::int64_t outer = SpatialView(p.src).outer;
  const std::int64_t src_size = plane.height * plane.width * plane.inner;
  const std::int64_t dst_size = plane.out_height * plane.out_width * plane.inner;
  const auto run = [=](auto* function, const auto* src, auto* dst) {
    parallel_for(outer,
                 [&](std::int64_t i) { function(plane, src + i * src_size, dst + i * dst_size, scratch(src_size)); });
  };
  if (p.src.type == DataType::bf16) {
    return function_kernel("own:simd", [=](std::span<void* const> a) {
      run(&forward_bf16, static_cast<const Bfloat16*>(a[0]), static_cast<Bfloat16*>(a[1]));
    });
  }
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    run(&forward_f32, static_cast<const float*>(a[0]), static_cast<float*>(a[1]));
  });
}

KernelPtr l2_pooling_backward(const PoolingProblem& p) {
  const Plane plane = plane_of(p);
  const std::int64_t outer = SpatialView(p.src).outer;
  const std::int64_t src_size = plane.height * plane.width * plane.inner;
  const std::int64_t dst_size = plane.out_height * plane.out_width * plane.inner;
  const auto run = [=](auto* function, const auto* diff_dst, const auto* src, const auto* dst, auto* diff_src) {
    parallel_for(outer, [&](std::int64_t i) {
      function(plane, diff_dst + i * dst_size, src + i * src_size, dst + i * dst_size, diff_src + i * src_size,
               scratch(dst_size));
    });
  };
  if (p.src.type == DataType::bf16) {
    return function_kernel("own:simd", [=](std::span<void* const> a) {
      run(&backward_bf16, static_cast<const Bfloat16*>(a[0]), static_cast<const Bfloat16*>(a[1]),
          static_cast<const Bfloat16*>(a[2]), static_cast<Bfloat16*>(a[3]));
    });
  }
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    run(&backward_f32, static_cast<const float*>(a[0]), static_cast<const float*>(a[1]),
        static_cast<const float*>(a[2]), static_cast<float*>(a[3]));
  });
}

}  // namespace facenet::kernels
