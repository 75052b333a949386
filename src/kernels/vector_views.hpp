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

/// float16, IEEE 754's binary16, rounded to nearest even; what is too large becomes infinite.
struct Float16 {
  std::uint16_t bits;
  Float16() = default;
  Float16(float value) {  // NOLINT(google-explicit-constructor): a number is a number
    constexpr std::uint32_t kInfinite = 0x7f800000U;
    const auto word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = word & 0x7fffffffU;
    std::uint32_t half;
    if (magnitude > kInfinite) {
      half = 0x7e00U;  // not a number
    } else if (magnitude >= std::bit_cast<std::uint32_t>(65520.0F)) {
      half = 0x7c00U;
    } else if (magnitude < std::bit_cast<std::uint32_t>(0x1p-14F)) {
      // Subnormal, in steps of 2^-24: added to 0.5, which rounds at the same place.
      half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - std::bit_cast<std::uint32_t>(0.5F);
    } else {
      const std::uint32_t exponent = (127U - 15U) << 23U;
      half = (magnitude - exponent + 0xfffU + ((magnitude >> 13U) & 1U)) >> 13U;
    }
    bits = static_cast<std::uint16_t>(half | (word >> 31U << 15U));
  }
};

}  // namespace facenet::kernels
