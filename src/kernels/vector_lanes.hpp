// Vectors of FACENET_LANES floats, which a source for one instruction set defines. Everything has internal linkage:
// each has its own copy.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/simd.hpp"

// Vectors that a processor has no registers for go from one inlined function to another.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace facenet::kernels {
namespace {

constexpr int kLanes = FACENET_LANES;
using Vector = float __attribute__((vector_size(FACENET_LANES * sizeof(float))));
using I = std::int64_t;

FACENET_INLINE Vector load(const float* from) {
  Vector to;
  std::memcpy(&to, from, sizeof to);
  return to;
}
FACENET_INLINE void store(float* to, const Vector& from) { std::memcpy(to, &from, sizeof from); }

}  // namespace
}  // namespace facenet::kernels
