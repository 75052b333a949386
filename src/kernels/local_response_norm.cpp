// Local response normalisation, pixel by pixel: a pixel's channels are gathered into a row, whatever the layout.
// oneDNN's kernels are reference code for the backward on AVX2, for channels that tear a block and for most parameters,
// and for bf16 nhwc with torn channels the gradient of 3.2 is wrong; these serve all of them.
#include "kernels/local_response_norm.hpp"

#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

// Vectors that a processor has no registers for go from one inlined function to another.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace facenet::kernels {
namespace {

// One row of an image, `width` pixels: channel c of pixel x is at c / inner * stride + x * inner + c % inner.
struct Rows {
  std::int64_t images, height, width, inner, blocks, stride;
  std::int64_t channels;  // padding included: it is zero, and what becomes of zeros is zero
  std::int64_t size;
  float alpha, beta, k;  // alpha is divided by size

  explicit Rows(const LocalResponseNormProblem& p) {
    const SpatialView view(p.src);
    images = p.src.shape[0];
    height = view.height;
    width = view.width;
    inner = view.inner;
    blocks = images == 0 ? 0 : view.outer / images;
    stride = height * width * inner;
    channels = blocks * inner;
    size = p.size;
    alpha = p.alpha / static_cast<float>(p.size);
    beta = p.beta;
    k = p.k;
  }
  std::size_t scratch() const { return static_cast<std::size_t>(5 * channels + 2 * size); }
};

// Calls function(constant or number): the blocks' own sizes as constants, whose loops become vectors.
template <typename Function>
[[gnu::always_inline]] inline void with_inner(std::int64_t inner, Function&& function) {
  if (inner == 16) return function(std::integral_constant<std::int64_t, 16>());
  if (inner == 8) return function(std::integral_constant<std::int64_t, 8>());
  function(inner);
}

template <typename T>
[[gnu::always_inline]] inline void gather(const Rows& r, const T* __restrict src, float* __restrict row) {
  with_inner(
      r.inner, [&](auto inner) __attribute__((always_inline)) {
        for (std::int64_t b = 0; b < r.blocks; ++b) {
          for (std::int64_t i = 0; i < inner; ++i) row[b * inner + i] = src[b * r.stride + i];
        }
      });
}

template <typename T>
[[gnu::always_inline]] inline void scatter(const Rows& r, const float* __restrict row, T* __restrict dst) {
  with_inner(
      r.inner, [&](auto inner) __attribute__((always_inline)) {
        for (std::int64_t b = 0; b < r.blocks; ++b) {
          for (std::int64_t i = 0; i < inner; ++i) dst[b * r.stride + i] = row[b * inner + i];
        }
      });
}

// `values` has size / 2 zeros before its first channel and after its last.
[[gnu::always_inline]] inline void window_sums(const Rows& r, const float* __restrict values, float* __restrict sums) {
  if (r.size == 5) {  // the usual one, in one pass
    for (std::int64_t c = 0; c < r.channels; ++c) {
      sums[c] = values[c] + values[c + 1] + values[c + 2] + values[c + 3] + values[c + 4];
    }
    return;
  }
  for (std::int64_t c = 0; c < r.channels; ++c) sums[c] = values[c];
  for (std::int64_t j = 1; j < r.size; ++j) {
    for (std::int64_t c = 0; c < r.channels; ++c) sums[c] += values[c + j];
  }
}

// scale^-0.75, to 4e-7 of itself: from a first guess at y = scale^-0.25, a line through its logarithm, and with
// h = 1 - scale y^4, y (1 - h)^-0.25 = y (1 + h/4 + 5/32 h^2 + 15/128 h^3 + ...). Roots and divisions take three times
// as long. Numbers are floats or vectors of them, Bits as many words.
template <typename Bits, typename Numbers>
[[gnu::always_inline]] inline Numbers power_of_three_quarters(const Numbers& scale) {
  constexpr std::uint32_t kGuess = 0x4f582000U;  // of all, it leaves the smallest |h|: 0.124
  Bits bits;
  std::memcpy(&bits, &scale, sizeof bits);
  bits = kGuess - (bits >> 2U);
  Numbers y;
  std::memcpy(&y, &bits, sizeof y);
  Numbers square = y * y;
  Numbers h = 1.0F - scale * (square * square);
  y += y * (h * (0.25F + h * (5.0F / 32 + h * (15.0F / 128))));
  square = y * y;
  h = 1.0F - scale * (square * square);
  y += y * (h * 0.25F);
  return y * y * y;
}

// scale = k + alpha * sum of squares; power = scale^-beta. `wide` is room for channels + size - 1 values.
[[gnu::always_inline]] inline void scales(const Rows& r, const float* __restrict row, float* __restrict wide,
                                          float* __restrict scale, float* __restrict power) {
  float* squares = wide + r.size / 2;
  for (std::int64_t c = 0; c < r.channels; ++c) squares[c] = row[c] * row[c];
  window_sums(r, wide, scale);
  for (std::int64_t c = 0; c < r.channels; ++c) scale[c] = r.k + r.alpha * scale[c];
  if (r.beta == 0.75F) {
    for (std::int64_t c = 0; c < r.channels; ++c) power[c] = power_of_three_quarters<std::uint32_t>(scale[c]);
  } else {
    for (std::int64_t c = 0; c < r.channels; ++c) power[c] = std::pow(scale[c], -r.beta);
  }
}

// Vectors of a block's channels.
struct Sixteen {
  using Numbers = float __attribute__((vector_size(64)));
  using Bits = std::uint32_t __attribute__((vector_size(64)));
};
struct Eight {
  using Numbers = float __attribute__((vector_size(32)));
  using Bits = std::uint32_t __attribute__((vector_size(32)));
};

// The usual norm of blocks, in registers: a block's window reaches into the one before and the one after it.
template <typename Block, std::size_t... kLane>
[[gnu::always_inline]] inline void usual_blocks(const Rows& r, const float* src, std::int64_t src_step, float* dst,
                                                std::int64_t dst_step, std::index_sequence<kLane...>) {
  constexpr std::size_t kLanes = sizeof...(kLane);
  using Numbers = typename Block::Numbers;
  Numbers before{}, value{}, squares{};
  std::memcpy(&value, src, sizeof value);
  squares = value * value;
  for (std::int64_t b = 0; b < r.blocks; ++b) {
    Numbers next{};
    if (b + 1 < r.blocks) std::memcpy(&next, src + (b + 1) * src_step, sizeof next);
    const Numbers after = next * next;
    const Numbers sum = __builtin_shufflevector(before, squares, (kLane + kLanes - 2)...) +
                        __builtin_shufflevector(before, squares, (kLane + kLanes - 1)...) + squares +
                        __builtin_shufflevector(squares, after, (kLane + 1)...) +
                        __builtin_shufflevector(squares, after, (kLane + 2)...);
    const Numbers scale = r.k + r.alpha * sum;
    const Numbers result = value * power_of_three_quarters<typename Block::Bits>(scale);
    std::memcpy(dst + b * dst_step, &result, sizeof result);
    before = squares;
    value = next;
    squares = after;
  }
}

template <typename Block, typename T>
[[gnu::always_inline]] inline void usual_row(const Rows& r, const T* src, T* dst, float* row) {
  constexpr std::size_t kLanes = sizeof(typename Block::Numbers) / sizeof(float);
  constexpr std::make_index_sequence<kLanes> kLane;
  for (std::int64_t x = 0; x < r.width; ++x, src += kLanes, dst += kLanes) {
    if constexpr (std::is_same_v<T, float>) {
      usual_blocks<Block>(r, src, r.stride, dst, r.stride, kLane);
    } else {
      gather(r, src, row);
      usual_blocks<Block>(r, row, kLanes, row, kLanes, kLane);
      scatter(r, row, dst);
    }
  }
}

template <typename T>
[[gnu::always_inline]] inline void forward_row(const Rows& r, const T* src, T* dst, float* scratch) {
  float* row = scratch;
  float* scale = row + r.channels;
  float* power = scale + r.channels;
  float* wide = power + r.channels;
  if (r.size == 5 && r.beta == 0.75F && r.inner == 16) return usual_row<Sixteen>(r, src, dst, row);
  if (r.size == 5 && r.beta == 0.75F && r.inner == 8) return usual_row<Eight>(r, src, dst, row);
  for (std::int64_t x = 0; x < r.width; ++x) {
    gather(r, src + x * r.inner, row);
    scales(r, row, wide, scale, power);
    for (std::int64_t c = 0; c < r.channels; ++c) row[c] *= power[c];
    scatter(r, row, dst + x * r.inner);
  }
}

template <typename T>
[[gnu::always_inline]] inline void backward_row(const Rows& r, const T* src, const T* diff_dst, T* diff_src,
                                                float* scratch) {
  float* row = scratch;
  float* scale = row + r.channels;
  float* power = scale + r.channels;
  float* gradient = power + r.channels;
  float* wide = gradient + r.channels;
  float* terms = wide + r.size / 2;
  const float factor = 2 * r.alpha * r.beta;
  for (std::int64_t x = 0; x < r.width; ++x) {
    gather(r, src + x * r.inner, row);
    gather(r, diff_dst + x * r.inner, gradient);
    scales(r, row, wide, scale, power);
    for (std::int64_t c = 0; c < r.channels; ++c) {
      gradient[c] *= power[c];
      terms[c] = gradient[c] * row[c] / scale[c];
    }
    window_sums(r, wide, scale);
    for (std::int64_t c = 0; c < r.channels; ++c) gradient[c] -= factor * row[c] * scale[c];
    scatter(r, gradient, diff_src + x * r.inner);
  }
}

FACENET_SIMD void forward_f32(const Rows& r, const float* src, float* dst, float* scratch) {
  forward_row(r, src, dst, scratch);
}
FACENET_SIMD void forward_bf16(const Rows& r, const Bfloat16* src, Bfloat16* dst, float* scratch) {
  forward_row(r, src, dst, scratch);
}
FACENET_SIMD void backward_f32(const Rows& r, const float* src, const float* diff_dst, float* diff_src,
                               float* scratch) {
  backward_row(r, src, diff_dst, diff_src, scratch);
}
FACENET_SIMD void backward_bf16(const Rows& r, const Bfloat16* src, const Bfloat16* diff_dst, Bfloat16* diff_src,
                                float* scratch) {
  backward_row(r, src, diff_dst, diff_src, scratch);
}

// Calls function(offset of the row's first element, zeroed scratch) for every row of every image.
template <typename Function>
void for_rows(const Rows& r, Function&& function) {
  parallel_for(r.images * r.height, [&](std::int64_t i) {
    thread_local std::vector<float> scratch;
    scratch.assign(r.scratch(), 0.0F);
    function((i / r.height * r.blocks * r.height + i % r.height) * r.width * r.inner, scratch.data());
  });
}

template <typename T, typename Function>
KernelPtr forward(const Rows& r, Function* function) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    const auto* src = static_cast<const T*>(a[0]);
    auto* dst = static_cast<T*>(a[1]);
    for_rows(r, [&](std::int64_t at, float* scratch) { function(r, src + at, dst + at, scratch); });
  });
}

template <typename T, typename Function>
KernelPtr backward(const Rows& r, Function* function) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    const auto* src = static_cast<const T*>(a[0]);
    const auto* diff_dst = static_cast<const T*>(a[1]);
    auto* diff_src = static_cast<T*>(a[2]);
    for_rows(r, [&](std::int64_t at, float* scratch) { function(r, src + at, diff_dst + at, diff_src + at, scratch); });
  });
}

}  // namespace

KernelPtr local_response_norm(const LocalResponseNormProblem& p) {
  const Rows rows(p);
  if (p.src.type == DataType::bf16) return forward<Bfloat16>(rows, &forward_bf16);
  return forward<float>(rows, &forward_f32);
}

KernelPtr local_response_norm_backward(const LocalResponseNormProblem& p) {
  const Rows rows(p);
  if (p.src.type == DataType::bf16) return backward<Bfloat16>(rows, &backward_bf16);
  return backward<float>(rows, &backward_f32);
}

}  // namespace facenet::kernels
