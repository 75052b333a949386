// Changes of unit on oneDNN's reorder; L2 pooling of bytes is ours.
#include "kernels/int8.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kChunk = 64;  // channels whose sums stay in registers

struct Window {
  std::int64_t rows, columns;  // of pixels
  std::int64_t row, pixel;     // bytes from one to the next
};

// `count` channels of one pixel; a constant number keeps their sums in registers.
FACENET_INLINE void channels_of(const Window& w, const std::uint8_t* src, std::uint8_t* dst, auto count, float factor) {
  std::int32_t sum[kChunk] = {};
  for (std::int64_t y = 0; y < w.rows; ++y) {
    for (std::int64_t x = 0; x < w.columns; ++x) {
      const std::uint8_t* from = src + y * w.row + x * w.pixel;
      for (std::int64_t k = 0; k < count; ++k) sum[k] += from[k] * from[k];
    }
  }
  float norm[kChunk] = {};  // step by step, as the compiler makes vectors of it
  for (std::int64_t k = 0; k < count; ++k) norm[k] = factor * std::sqrt(static_cast<float>(sum[k])) + 0.5F;
  for (std::int64_t k = 0; k < count; ++k) norm[k] = norm[k] < 255.0F ? norm[k] : 255.0F;
  for (std::int64_t k = 0; k < count; ++k) dst[k] = static_cast<std::uint8_t>(static_cast<std::int32_t>(norm[k]));
}

FACENET_SIMD void window_simd(const Window& w, const std::uint8_t* src, std::uint8_t* dst, std::int64_t channels,
                              float factor) {
  std::int64_t c = 0;
  for (; c + kChunk <= channels; c += kChunk) {
    channels_of(w, src + c, dst + c, std::integral_constant<std::int64_t, kChunk>(), factor);
  }
  if (c < channels) channels_of(w, src + c, dst + c, channels - c, factor);
}

}  // namespace

KernelPtr rescale(const TensorSpec& src, const TensorSpec& dst) {
  return cached<Kernel>(KeyBuilder(90).add(src).add(dst).done(), [&]() -> KernelPtr {
    return translated("change of unit from " + src.text() + " to " + dst.text(), [&] {
      dnnl::primitive_attr attributes = user_scratchpad();
      attributes.set_scales_mask(DNNL_ARG_SRC, 0);
      const dnnl::reorder::primitive_desc pd(engine(), descriptor(src), engine(), descriptor(dst), attributes);
      return primitive_kernel(pd, {{DNNL_ARG_FROM, descriptor(src)},
                                   {DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, descriptor({{1}})},
                                   {DNNL_ARG_TO, descriptor(dst)}});
    });
  });
}

KernelPtr int8_l2_pooling(const PoolingProblem& p, float factor) {
  const TensorSpec result = p.dst();
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    const std::int64_t channels = p.src.shape[1];
    const std::int64_t height = p.src.shape[2];
    const std::int64_t width = p.src.shape[3];
    const std::int64_t out_height = result.shape[2];
    const std::int64_t out_width = result.shape[3];
    parallel_for(result.shape[0] * out_height, [&](std::int64_t line) {
      const std::int64_t top = line % out_height * p.stride[0] - p.pad_begin[0];
      const std::int64_t y0 = std::max<std::int64_t>(0, top);
      const std::int64_t y1 = std::min(height, top + p.window[0]);
      const auto* src = static_cast<const std::uint8_t*>(a[0]) + line / out_height * height * width * channels;
      auto* dst = static_cast<std::uint8_t*>(a[1]) + line * out_width * channels;
      for (std::int64_t ox = 0; ox < out_width; ++ox) {
        const std::int64_t left = ox * p.stride[1] - p.pad_begin[1];
        const std::int64_t x0 = std::max<std::int64_t>(0, left);
        const std::int64_t x1 = std::min(width, left + p.window[1]);
        window_simd({y1 - y0, x1 - x0, width * channels, channels}, src + (y0 * width + x0) * channels,
                    dst + ox * channels, channels, factor);
      }
    });
  });
}

}  // namespace facenet::kernels
