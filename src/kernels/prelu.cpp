// dst = src where src > 0, else slope * src;  diff_slope = sum of diff_dst * src where src <= 0
#include "kernels/prelu.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kLanes = 16;  // slopes side by side, repeated where a layout has fewer

// Memory as [images, groups, pixels, inner]; channel = group * inner + lane.
struct View {
  std::int64_t images, groups, pixels, inner, channels, slopes;
  View(const TensorSpec& spec, std::int64_t slope_count)
      : images(spec.shape[0]), channels(spec.shape[1]), slopes(slope_count) {
    const bool rows = spec.shape.rank() == 2;
    pixels = rows ? 1 : spec.shape[2] * spec.shape[3];
    inner = rows || spec.layout == Layout::nhwc ? channels : block_of(spec.layout);
    groups = (channels + inner - 1) / inner;
  }
  std::int64_t run() const { return pixels * inner; }
  float slope(const float* all, std::int64_t channel) const {
    if (channel >= channels) return 0.0F;  // padding: a negative slope would make it -0
    return all[slopes == 1 ? 0 : channel];
  }
};

// Calls function(offset in memory, lanes, first channel) for each kLanes channels of a group of an image.
template <typename Function>
void for_lanes(const View& v, std::int64_t image, std::int64_t group, Function&& function) {
  const std::int64_t base = (image * v.groups + group) * v.run();
  for (std::int64_t lane = 0; lane < v.inner; lane += kLanes) {
    function(base + lane, std::min(kLanes, v.inner - lane), group * v.inner + lane);
  }
}

// kLanes numbers in one vector of the compiler's, which makes of it what the instruction set has.
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Doubles = double __attribute__((vector_size(kLanes * sizeof(double))));
using Words = std::uint32_t __attribute__((vector_size(kLanes * sizeof(std::uint32_t))));
using Halves = std::uint16_t __attribute__((vector_size(kLanes * sizeof(std::uint16_t))));

FACENET_INLINE void load(Floats& to, const float* from) { std::memcpy(&to, from, sizeof to); }
FACENET_INLINE void load(Floats& to, const Bfloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  const Words words = __builtin_convertvector(halves, Words) << 16U;
  std::memcpy(&to, &words, sizeof to);
}
FACENET_INLINE void store(float* to, const Floats& from) { std::memcpy(to, &from, sizeof from); }
FACENET_INLINE void store(Bfloat16* to, const Floats& from) {  // rounded as Bfloat16 does
  Words words;
  std::memcpy(&words, &from, sizeof words);
  const Halves halves = __builtin_convertvector((words + 0x7fffU + ((words >> 16U) & 1U)) >> 16U, Halves);
  std::memcpy(to, &halves, sizeof halves);
}

// dst = value where src > 0, else slope * value: forward with value = src, backward with value = diff_dst. Pixels are
// `step` elements apart; with 1 they are one channel's.
template <typename T>
FACENET_INLINE void scaled_run(const T* src, const T* values, T* dst, std::int64_t pixels, std::int64_t step,
                               std::int64_t lanes, const float* slope) {
  const std::int64_t stride = step == 1 ? kLanes : step;
  const std::int64_t width = step == 1 ? kLanes : lanes;
  const std::int64_t total = pixels * step;
  std::array<float, kLanes> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = slope[step == 1 ? 0 : i];
  Floats slopes;
  load(slopes, all.data());
  for (std::int64_t at = 0; at < total; at += stride) {
    const std::int64_t count = std::min(width, total - at);
    if (count < kLanes) {
      for (std::int64_t i = 0; i < count; ++i) {
        const float value = values[at + i];
        dst[at + i] = static_cast<float>(src[at + i]) > 0 ? value : value * slopes[i];
      }
      continue;
    }
    Floats from;
    Floats value;
    load(from, src + at);
    load(value, values + at);
    store(dst + at, from > 0 ? value : value * slopes);
  }
}

// Adds to `sum`, one for each lane; a single channel is summed in kLanes parts.
template <typename T>
FACENET_INLINE void slope_run(const T* src, const T* diff_dst, std::int64_t pixels, std::int64_t step,
                              std::int64_t lanes, double* sum) {
  const std::int64_t stride = step == 1 ? kLanes : step;
  const std::int64_t width = step == 1 ? kLanes : lanes;
  const std::int64_t total = pixels * step;
  Doubles sums{};
  for (std::int64_t at = 0; at < total; at += stride) {
    const std::int64_t count = std::min(width, total - at);
    if (count < kLanes) {
      for (std::int64_t i = 0; i < count; ++i) {
        const float value = src[at + i];
        const float gradient = diff_dst[at + i];
        sums[i] += static_cast<double>(value > 0 ? 0.0F : value) * static_cast<double>(gradient);
      }
      continue;
    }
    Floats value;
    Floats gradient;
    load(value, src + at);
    load(gradient, diff_dst + at);
    const Floats below = value > 0 ? Floats{} : value;
    sums += __builtin_convertvector(below, Doubles) * __builtin_convertvector(gradient, Doubles);
  }
  for (std::int64_t i = 0; i < kLanes; ++i) sum[i] += sums[i];
}

#define FACENET_LOOPS(T, suffix)                                                                                  \
  FACENET_SIMD void scaled_##suffix(const T* s, const T* v, T* d, std::int64_t p, std::int64_t t, std::int64_t n, \
                                    const float* k) {                                                             \
    scaled_run(s, v, d, p, t, n, k);                                                                              \
  }                                                                                                               \
  FACENET_SIMD void slope_##suffix(const T* s, const T* g, std::int64_t p, std::int64_t t, std::int64_t n,        \
                                   double* o) {                                                                   \
    slope_run(s, g, p, t, n, o);                                                                                  \
  }
FACENET_LOOPS(float, f32)
FACENET_LOOPS(Bfloat16, bf16)
#undef FACENET_LOOPS

std::array<float, kLanes> slopes_of(const View& v, const float* all, std::int64_t channel) {
  std::array<float, kLanes> result{};
  for (std::int64_t i = 0; i < kLanes; ++i) result[static_cast<std::size_t>(i)] = v.slope(all, channel + i);
  return result;
}

struct Arguments {
  std::size_t src, values, slope, dst;
};

template <typename T, typename Function>
KernelPtr scaled_kernel(const View& v, const Arguments& at, Function* function) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    parallel_for(v.images * v.groups, [&](std::int64_t i) {
      for_lanes(v, i / v.groups, i % v.groups, [&](std::int64_t offset, std::int64_t lanes, std::int64_t channel) {
        const auto slope = slopes_of(v, static_cast<const float*>(a[at.slope]), channel);
        function(static_cast<const T*>(a[at.src]) + offset, static_cast<const T*>(a[at.values]) + offset,
                 static_cast<T*>(a[at.dst]) + offset, v.pixels, v.inner, lanes, slope.data());
      });
    });
  });
}

KernelPtr scaled(const TensorSpec& spec, std::int64_t slopes, const Arguments& at) {
  const View v(spec, slopes);
  return spec.type == DataType::bf16 ? scaled_kernel<Bfloat16>(v, at, &scaled_bf16)
                                     : scaled_kernel<float>(v, at, &scaled_f32);
}

// One thread sums a group's channels over all images, in their order: the bits do not depend on the threads.
template <typename T, typename Function>
KernelPtr slope_kernel(const View& v, Function* function) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    std::vector<double> sums(static_cast<std::size_t>(v.channels));
    parallel_for(v.groups, [&](std::int64_t group) {
      for_lanes(v, 0, group, [&](std::int64_t at, std::int64_t lanes, std::int64_t channel) {
        std::array<double, kLanes> sum{};
        for (std::int64_t image = 0; image < v.images; ++image) {
          const std::int64_t offset = at + image * v.groups * v.run();
          function(static_cast<const T*>(a[0]) + offset, static_cast<const T*>(a[1]) + offset, v.pixels, v.inner, lanes,
                   sum.data());
        }
        if (v.inner == 1) {
          for (std::size_t i = 1; i < sum.size(); ++i) sum[0] += sum[i];
        }
        for (std::int64_t i = 0; i < std::min(lanes, v.channels - channel); ++i) {
          sums[static_cast<std::size_t>(channel + i)] = sum[static_cast<std::size_t>(i)];
        }
      });
    });
    auto* diff_slope = static_cast<float*>(a[2]);
    if (v.slopes == 1) {
      double sum = 0;
      for (const double s : sums) sum += s;
      diff_slope[0] = static_cast<float>(sum);
    } else {
      std::transform(sums.begin(), sums.end(), diff_slope, [](double s) { return static_cast<float>(s); });
    }
  });
}

}  // namespace

KernelPtr prelu(const TensorSpec& spec, std::int64_t slopes) { return scaled(spec, slopes, {0, 0, 1, 2}); }

KernelPtr prelu_backward_data(const TensorSpec& spec, std::int64_t slopes) {
  return scaled(spec, slopes, {0, 1, 2, 3});
}

KernelPtr prelu_backward_slope(const TensorSpec& spec, std::int64_t slopes) {
  const View v(spec, slopes);
  return spec.type == DataType::bf16 ? slope_kernel<Bfloat16>(v, &slope_bf16) : slope_kernel<float>(v, &slope_f32);
}

}  // namespace facenet::kernels
