// How our own kernels see a tensor: whatever the layout, [outer, height, width, inner] with inner contiguous.
#pragma once

#include <bit>
#include <cstdint>

#include "tensor/tensor.hpp"

namespace facenet::kernels {

/// plain: outer = N*C, inner = 1; nhwc: outer = N, inner = C; blocked: outer = N*C/block, inner = block.
struct SpatialView {
  std::int64_t outer, height, width, inner;
  explicit SpatialView(const TensorSpec& spec)
      : outer(spec.stored_elements() / (spec.shape[2] * spec.shape[3] * inner_of(spec))),
        height(spec.shape[2]),
        width(spec.shape[3]),
        inner(inner_of(spec)) {}

 private:
  static std::int64_t inner_of(const TensorSpec& spec) {
    return spec.layout == Layout::nhwc ? spec.shape[1] : block_of(spec.layout);
  }
};

/// bfloat16 as a type that converts: the upper half of a float, rounded to nearest even.
struct Bfloat16 {
  std::uint16_t bits;
  Bfloat16() = default;
  Bfloat16(float value) {  // NOLINT(google-explicit-constructor): a number is a number
    const auto word = std::bit_cast<std::uint32_t>(value);
    bits = static_cast<std::uint16_t>((word + 0x7fffU + ((word >> 16U) & 1U)) >> 16U);
  }
  operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U); }  // NOLINT
};

}  // namespace facenet::kernels
