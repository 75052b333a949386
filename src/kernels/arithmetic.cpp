// Whatever the layout, memory is a box of up to six axes; a source that is broadcast along one does not move there.
#include "kernels/arithmetic.hpp"

#include <algorithm>
#include <array>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "kernels/vector_views.hpp"

namespace facenet::kernels {
namespace {

constexpr std::int64_t kPiece = 16384;  // elements that a thread does at a time

using Extents = std::vector<std::int64_t>;

// A shape's extents in the order of memory: [N,C/b,H,W,b] when blocked. A broadcast source is plain then, with one
// channel, which makes its extents [N,1,H,W,1].
Extents stored_extents(const TensorSpec& spec, Layout layout) {
  const Shape& s = spec.shape;
  if (layout == Layout::nhwc) return {s[0], s[2], s[3], s[1]};
  if (const std::int64_t block = block_of(layout); block > 1) {
    const bool one = spec.layout == Layout::plain;
    return {s[0], one ? 1 : (s[1] + block - 1) / block, s[2], s[3], one ? 1 : block};
  }
  return {s.dims().begin(), s.dims().end()};
}

// Where left, right and dst lie: for each axis its extent and what a step along it is in each of the three.
struct Axis {
  std::int64_t extent;
  std::array<std::int64_t, 3> steps;
};

// Axes that can be walked as one are one; there is at least one, and dst's innermost step is 1.
std::vector<Axis> walk(const TensorSpec& left, const TensorSpec& right, const TensorSpec& dst) {
  const Extents extents = stored_extents(dst, dst.layout);
  std::vector<Axis> axes;  // innermost first
  std::array<Extents, 3> own{stored_extents(left, dst.layout), stored_extents(right, dst.layout), extents};
  std::array<std::int64_t, 3> strides{1, 1, 1};
  for (std::size_t i = extents.size(); i-- > 0;) {
    Axis axis{extents[i], {}};
    for (std::size_t k = 0; k < 3; ++k) {
      axis.steps[k] = own[k][i] == 1 ? 0 : strides[k];
      strides[k] *= own[k][i];
    }
    if (axis.extent == 1) continue;
    const auto continues = [&](std::size_t k) { return axis.steps[k] == axes.back().steps[k] * axes.back().extent; };
    if (!axes.empty() && continues(0) && continues(1) && continues(2)) {
      axes.back().extent *= axis.extent;
    } else {
      axes.push_back(axis);
    }
  }
  if (axes.empty()) axes.push_back({1, {1, 1, 1}});
  std::reverse(axes.begin(), axes.end());
  return axes;
}

template <Arithmetic kind>
inline float result(float a, float b) {
  if constexpr (kind == Arithmetic::add) return a + b;
  if constexpr (kind == Arithmetic::subtract) return a - b;
  if constexpr (kind == Arithmetic::multiply) return a * b;
  return a / b;
}

// `rows` runs, each along the innermost axis, where a source moves by 1 or by 0.
template <Arithmetic kind, typename T>
inline void run_rows(const T* left, const T* right, T* dst, std::int64_t rows, const Axis& row, const Axis& run) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t count = run.extent;
    const float a = left[0];
    const float b = right[0];
    if (run.steps[0] == 0 && run.steps[1] == 0) {
      for (std::int64_t i = 0; i < count; ++i) dst[i] = result<kind>(a, b);
    } else if (run.steps[0] == 0) {
      for (std::int64_t i = 0; i < count; ++i) dst[i] = result<kind>(a, right[i]);
    } else if (run.steps[1] == 0) {
      for (std::int64_t i = 0; i < count; ++i) dst[i] = result<kind>(left[i], b);
    } else {
      for (std::int64_t i = 0; i < count; ++i) dst[i] = result<kind>(left[i], right[i]);
    }
    left += row.steps[0];
    right += row.steps[1];
    dst += row.steps[2];
  }
}

template <typename T>
using RunRows = void(const T*, const T*, T*, std::int64_t, const Axis&, const Axis&);

#define FACENET_ROWS(kind, T, suffix)                                                                                 \
  FACENET_SIMD void kind##_##suffix(const T* a, const T* b, T* d, std::int64_t n, const Axis& row, const Axis& run) { \
    run_rows<Arithmetic::kind>(a, b, d, n, row, run);                                                                 \
  }
#define FACENET_KINDS(T, suffix)    \
  FACENET_ROWS(add, T, suffix)      \
  FACENET_ROWS(subtract, T, suffix) \
  FACENET_ROWS(multiply, T, suffix) \
  FACENET_ROWS(divide, T, suffix)   \
  constexpr RunRows<T>* kKinds_##suffix[] = {&add_##suffix, &subtract_##suffix, &multiply_##suffix, &divide_##suffix};
FACENET_KINDS(float, f32)
FACENET_KINDS(Bfloat16, bf16)
#undef FACENET_KINDS
#undef FACENET_ROWS

template <typename T>
KernelPtr kernel(RunRows<T>* function, std::vector<Axis> axes, bool swapped) {
  // The innermost axis is the run, the next one its rows; a thread takes as many rows as make a piece.
  if (axes.size() == 1) {  // one long run: cut it
    const Axis whole = axes[0];
    const std::int64_t piece = std::min(kPiece, whole.extent);
    return function_kernel("own:simd", [=](std::span<void* const> a) {
      parallel_for((whole.extent + piece - 1) / piece, [&](std::int64_t i) {
        const std::int64_t at = i * piece;
        const Axis run{std::min(piece, whole.extent - at), whole.steps};
        function(static_cast<const T*>(a[swapped ? 1 : 0]) + at * run.steps[0],
                 static_cast<const T*>(a[swapped ? 0 : 1]) + at * run.steps[1], static_cast<T*>(a[2]) + at, 1, run,
                 run);
      });
    });
  }
  const Axis run = axes.back();
  const Axis row = axes[axes.size() - 2];
  axes.resize(axes.size() - 2);
  const std::int64_t piece = std::clamp<std::int64_t>(kPiece / run.extent, 1, row.extent);
  const std::int64_t pieces = (row.extent + piece - 1) / piece;
  std::int64_t outer = 1;
  for (const auto& axis : axes) outer *= axis.extent;
  return function_kernel("own:simd", [=](std::span<void* const> a) {
    parallel_for(outer * pieces, [&](std::int64_t i) {
      const std::int64_t first = i % pieces * piece;
      std::array<std::int64_t, 3> at{};
      for (std::size_t k = 0; k < 3; ++k) at[k] = first * row.steps[k];
      std::int64_t rest = i / pieces;
      for (std::size_t d = axes.size(); d-- > 0; rest /= axes[d].extent) {
        for (std::size_t k = 0; k < 3; ++k) at[k] += rest % axes[d].extent * axes[d].steps[k];
      }
      function(static_cast<const T*>(a[swapped ? 1 : 0]) + at[0], static_cast<const T*>(a[swapped ? 0 : 1]) + at[1],
               static_cast<T*>(a[2]) + at[2], std::min(piece, row.extent - first), row, run);
    });
  });
}

}  // namespace

TensorSpec broadcast_spec(const Shape& src, const TensorSpec& dst) {
  const bool one = block_of(dst.layout) > 1 && src[1] != dst.shape[1];
  return {src, dst.type, one ? Layout::plain : dst.layout};
}

KernelPtr arithmetic(Arithmetic kind, const TensorSpec& left, const TensorSpec& right, const TensorSpec& dst,
                     bool swapped) {
  if (dst.shape.elements() == 0) return function_kernel("own:simd", [](std::span<void* const>) {});
  const auto axes = walk(left, right, dst);
  const auto index = static_cast<std::size_t>(kind);
  return dst.type == DataType::bf16 ? kernel<Bfloat16>(kKinds_bf16[index], axes, swapped)
                                    : kernel<float>(kKinds_f32[index], axes, swapped);
}

}  // namespace facenet::kernels
