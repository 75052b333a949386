// Small tools for painting: mixing, soft steps, repeatable noise.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/random.hpp"
#include "data/face_model.hpp"

namespace facenet::faces {

inline float mixed(float a, float b, float t) { return a + (b - a) * t; }
inline Colour mixed(const Colour& a, const Colour& b, float t) {
  return {mixed(a[0], b[0], t), mixed(a[1], b[1], t), mixed(a[2], b[2], t)};
}
inline Colour scaled(const Colour& a, float k) { return {a[0] * k, a[1] * k, a[2] * k}; }
inline float soft_step(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

/// Uniform in [0, 1), from a seed and a cell of the plane.
inline float cell_noise(std::uint64_t seed, int x, int y) {
  const std::uint64_t cell = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)) << 32U) |
                             static_cast<std::uint64_t>(static_cast<std::uint32_t>(y));
  return static_cast<float>(mix(seed ^ cell) >> 40U) * 0x1.0p-24F;
}

/// Smooth noise in [0, 1), one feature per unit.
inline float value_noise(std::uint64_t seed, float x, float y) {
  const float fx = std::floor(x), fy = std::floor(y);
  const int ix = static_cast<int>(fx), iy = static_cast<int>(fy);
  const float u = soft_step(0, 1, x - fx), v = soft_step(0, 1, y - fy);
  return mixed(mixed(cell_noise(seed, ix, iy), cell_noise(seed, ix + 1, iy), u),
               mixed(cell_noise(seed, ix, iy + 1), cell_noise(seed, ix + 1, iy + 1), u), v);
}

}  // namespace facenet::faces
