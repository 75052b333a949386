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

using Words = std::uint32_t __attribute__((vector_size(FACENET_LANES * sizeof(std::uint32_t))));
using Halves = std::uint16_t __attribute__((vector_size(FACENET_LANES * sizeof(std::uint16_t))));  // bfloat16

FACENET_INLINE Vector load(const std::uint16_t* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  const Words words = __builtin_convertvector(halves, Words) << 16U;
  Vector to;
  std::memcpy(&to, &words, sizeof to);
  return to;
}
FACENET_INLINE void store(std::uint16_t* to, const Vector& from) {  // rounded to nearest even
  Words words;
  std::memcpy(&words, &from, sizeof words);
  const Halves halves = __builtin_convertvector((words + 0x7fffU + ((words >> 16U) & 1U)) >> 16U, Halves);
  std::memcpy(to, &halves, sizeof halves);
}

}  // namespace
}  // namespace facenet::kernels
