// dst = max over k of piece k;  diff_src: diff_dst where the first maximum was, else 0
#include "kernels/maxout.hpp"

#include <algorithm>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kChunk = 4096;  // elements of a piece that a thread does at a time

// In every layout the pieces of an image (nhwc: of a pixel) follow one another.
struct Rows {
  std::int64_t rows, pieces, size;  // size: of one piece
  explicit Rows(const MaxoutProblem& p) : rows(p.src.shape[0]), pieces(p.pieces) {
    if (p.src.layout == Layout::nhwc) rows *= p.src.shape[2] * p.src.shape[3];
    size = rows == 0 ? 0 : p.src.stored_elements() / (rows * pieces);
  }
  // Calls function(where the chunk begins in src, in dst, its length) for all of dst.
  template <typename Function>
  void for_chunks(Function&& function) const {
    const std::int64_t chunks = (size + kChunk - 1) / kChunk;
    parallel_for(rows * chunks, [&](std::int64_t i) {
      const std::int64_t row = i / chunks;
      const std::int64_t begin = i % chunks * kChunk;
      function(row * pieces * size + begin, row * size + begin, std::min(kChunk, size - begin));
    });
  }
};

template <typename T>
inline void forward(const T* src, T* dst, std::int64_t count, std::int64_t pieces, std::int64_t size) {
  for (std::int64_t i = 0; i < count; ++i) dst[i] = src[i];
  for (std::int64_t k = 1; k < pieces; ++k) {
    const T* piece = src + k * size;
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = piece[i];
      const float largest = dst[i];
      dst[i] = value > largest ? value : largest;
    }
  }
}

template <typename T>
inline void backward(const T* src, const T* diff_dst, T* diff_src, std::int64_t count, std::int64_t pieces,
                     std::int64_t size) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t best = 0;
    float largest = src[i];
    for (std::int64_t k = 1; k < pieces; ++k) {
      const float value = src[k * size + i];
      best = value > largest ? k : best;
      largest = value > largest ? value : largest;
    }
    for (std::int64_t k = 0; k < pieces; ++k) diff_src[k * size + i] = k == best ? diff_dst[i] : T(0.0F);
  }
}

#define FACENET_LOOPS(T, suffix)                                                                                      \
  FACENET_SIMD void forward_##suffix(const T* s, T* d, std::int64_t n, std::int64_t k, std::int64_t z) {              \
    forward(s, d, n, k, z);                                                                                           \
  }                                                                                                                   \
  FACENET_SIMD void backward_##suffix(const T* s, const T* g, T* o, std::int64_t n, std::int64_t k, std::int64_t z) { \
    backward(s, g, o, n, k, z);                                                                                       \
  }
FACENET_LOOPS(float, f32)
FACENET_LOOPS(Bfloat16, bf16)
#undef FACENET_LOOPS

template <typename T, typename Function>
KernelPtr forward_kernel(const MaxoutProblem& p, Function* function) {
  return function_kernel("own:simd", [rows = Rows(p), function](std::span<void* const> a) {
    rows.for_chunks([&](std::int64_t src, std::int64_t dst, std::int64_t count) {
      function(static_cast<const T*>(a[0]) + src, static_cast<T*>(a[1]) + dst, count, rows.pieces, rows.size);
    });
  });
}

template <typename T, typename Function>
KernelPtr backward_kernel(const MaxoutProblem& p, Function* function) {
  return function_kernel("own:simd", [rows = Rows(p), function](std::span<void* const> a) {
    rows.for_chunks([&](std::int64_t src, std::int64_t dst, std::int64_t count) {
      function(static_cast<const T*>(a[0]) + src, static_cast<const T*>(a[1]) + dst, static_cast<T*>(a[2]) + src, count,
               rows.pieces, rows.size);
    });
  });
}

}  // namespace

TensorSpec MaxoutProblem::dst() const {
  const Shape& s = src.shape;
  const std::int64_t channels = s[1] / pieces;
  return {s.rank() == 4 ? Shape{s[0], channels, s[2], s[3]} : Shape{s[0], channels}, src.type, src.layout};
}

KernelPtr maxout(const MaxoutProblem& p) {
  return p.src.type == DataType::bf16 ? forward_kernel<Bfloat16>(p, &forward_bf16)
                                      : forward_kernel<float>(p, &forward_f32);
}

KernelPtr maxout_backward(const MaxoutProblem& p) {
  return p.src.type == DataType::bf16 ? backward_kernel<Bfloat16>(p, &backward_bf16)
                                      : backward_kernel<float>(p, &backward_f32);
}

}  // namespace facenet::kernels
