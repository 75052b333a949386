// Element-wise kernels of our own: bound by memory bandwidth, so plain loops that the compiler vectorises do.
#include "kernels/elementwise.hpp"

#include <algorithm>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kPiece = 16384;  // elements that a thread does at a time: within the second-level cache

template <typename T>
inline void relu_loop(const T* src, T* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = src[i];
    dst[i] = value > 0 ? value : 0.0F;
  }
}
template <typename T>
inline void relu_backward_loop(const T* dst, const T* diff_dst, T* diff_src, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = dst[i];
    const float gradient = diff_dst[i];
    diff_src[i] = value > 0 ? gradient : 0.0F;
  }
}
template <typename T>
inline void clip_loop(const T* src, T* dst, std::int64_t count, float low, float high) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = src[i];
    const float raised = value < low ? low : value;
    dst[i] = raised > high ? high : raised;
  }
}
template <typename T>
inline void clip_backward_loop(const T* src, const T* diff_dst, T* diff_src, std::int64_t count, float low,
                               float high) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = src[i];
    const float gradient = diff_dst[i];
    diff_src[i] = value >= low && value <= high ? gradient : 0.0F;
  }
}
template <typename T>
inline void sigmoid_backward_loop(const T* dst, const T* diff_dst, T* diff_src, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = dst[i];
    const float gradient = diff_dst[i];
    diff_src[i] = gradient * value * (1 - value);
  }
}
template <typename T>
inline void add_loop(const T* a, const T* b, T* dst, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = static_cast<float>(a[i]) + static_cast<float>(b[i]);
}
#define FACENET_LOOPS(T, suffix)                                                                                    \
  FACENET_SIMD void relu_##suffix(const T* s, T* d, std::int64_t n) { relu_loop(s, d, n); }                         \
  FACENET_SIMD void relu_backward_##suffix(const T* d, const T* g, T* o, std::int64_t n) {                          \
    relu_backward_loop(d, g, o, n);                                                                                 \
  }                                                                                                                 \
  FACENET_SIMD void clip_##suffix(const T* s, T* d, std::int64_t n, float l, float h) { clip_loop(s, d, n, l, h); } \
  FACENET_SIMD void clip_backward_##suffix(const T* s, const T* g, T* o, std::int64_t n, float l, float h) {        \
    clip_backward_loop(s, g, o, n, l, h);                                                                           \
  }                                                                                                                 \
  FACENET_SIMD void sigmoid_backward_##suffix(const T* d, const T* g, T* o, std::int64_t n) {                       \
    sigmoid_backward_loop(d, g, o, n);                                                                              \
  }                                                                                                                 \
  FACENET_SIMD void add_##suffix(const T* a, const T* b, T* d, std::int64_t n) { add_loop(a, b, d, n); }
FACENET_LOOPS(float, f32)
FACENET_LOOPS(Bfloat16, bf16)
#undef FACENET_LOOPS

template <typename Function>
void in_pieces(std::int64_t count, Function&& function) {
  parallel_for((count + kPiece - 1) / kPiece, [&](std::int64_t piece) {
    const std::int64_t begin = piece * kPiece;
    function(begin, std::min(kPiece, count - begin));
  });
}

// Kernels of a loop: `count` elements of type T, then whatever numbers the loop wants.
template <typename T, typename Function, typename... Numbers>
KernelPtr binary(std::int64_t count, Function* function, Numbers... numbers) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    in_pieces(count, [&](std::int64_t begin, std::int64_t size) {
      function(static_cast<const T*>(a[0]) + begin, static_cast<const T*>(a[1]) + begin, static_cast<T*>(a[2]) + begin,
               size, numbers...);
    });
  });
}

template <typename T, typename Function, typename... Numbers>
KernelPtr unary(std::int64_t count, Function* function, Numbers... numbers) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    in_pieces(count, [&](std::int64_t begin, std::int64_t size) {
      function(static_cast<const T*>(a[0]) + begin, static_cast<T*>(a[1]) + begin, size, numbers...);
    });
  });
}

template <typename T, typename Function>
KernelPtr chain(std::int64_t count, std::size_t sources, Function* function) {
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    in_pieces(count, [&](std::int64_t begin, std::int64_t size) {
      T* dst = static_cast<T*>(a[sources]) + begin;
      const T* left = static_cast<const T*>(a[0]) + begin;
      if (sources == 1) std::copy(left, left + size, dst);
      for (std::size_t i = 1; i < sources; ++i) {
        function(left, static_cast<const T*>(a[i]) + begin, dst, size);
        left = dst;
      }
    });
  });
}

}  // namespace

KernelPtr relu(const TensorSpec& spec) {
  const std::int64_t count = spec.stored_elements();
  return spec.type == DataType::bf16 ? unary<Bfloat16>(count, &relu_bf16) : unary<float>(count, &relu_f32);
}

KernelPtr relu_backward(const TensorSpec& spec) {
  const std::int64_t count = spec.stored_elements();
  return spec.type == DataType::bf16 ? binary<Bfloat16>(count, &relu_backward_bf16)
                                     : binary<float>(count, &relu_backward_f32);
}

KernelPtr clip(const TensorSpec& spec, float low, float high) {
  const std::int64_t count = spec.stored_elements();
  return spec.type == DataType::bf16 ? unary<Bfloat16>(count, &clip_bf16, low, high)
                                     : unary<float>(count, &clip_f32, low, high);
}

KernelPtr clip_backward(const TensorSpec& spec, float low, float high) {
  const std::int64_t count = spec.stored_elements();
  return spec.type == DataType::bf16 ? binary<Bfloat16>(count, &clip_backward_bf16, low, high)
                                     : binary<float>(count, &clip_backward_f32, low, high);
}

KernelPtr sigmoid_backward(const TensorSpec& spec) {
  const std::int64_t count = spec.stored_elements();
  return spec.type == DataType::bf16 ? binary<Bfloat16>(count, &sigmoid_backward_bf16)
                                     : binary<float>(count, &sigmoid_backward_f32);
}

KernelPtr add(const TensorSpec& spec, std::size_t sources) {
  const std::int64_t count = spec.stored_elements();
  return spec.type == DataType::bf16 ? chain<Bfloat16>(count, sources, &add_bf16)
                                     : chain<float>(count, sources, &add_f32);
}

Tensor sum(std::span<const Tensor> tensors) {
  if (tensors.size() == 1) return tensors[0];
  const TensorSpec& spec = tensors[0].spec();
  std::vector<Tensor> same;
  std::vector<void*> pointers;
  for (const auto& tensor : tensors) {
    same.push_back(reorder(tensor, spec.type, spec.layout));
    pointers.push_back(same.back().raw());
  }
  Tensor result(spec);
  pointers.push_back(result.raw());
  add(spec, tensors.size())->run(std::span<void* const>(pointers));
  return result;
}

}  // namespace facenet::kernels
