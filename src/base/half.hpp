// Floating-point numbers of 16 bits, as they lie in files.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace facenet {

/// IEEE 754's binary16.
inline float float_from_half(std::uint16_t half) {
  const int exponent = (half >> 10U) & 31U;
  const auto fraction = static_cast<float>(half & 1023U);
  float value = 0;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else {
    value = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (half & 0x8000U) != 0 ? -value : value;
}

inline float float_from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }

}  // namespace facenet
