// Data to measure with: numbers of ordinary size, none of them denormal.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <facenet/image.hpp>

#include "base/random.hpp"
#include "kernels/vector_views.hpp"
#include "tensor/tensor.hpp"

namespace facenet::benchmarks {

/// Normal numbers in every stored element of a float32 or bfloat16 tensor.
inline Tensor filled(const TensorSpec& spec, std::uint64_t seed = 1) {
  const Tensor tensor(spec);
  Random random(seed, 0);
  const auto fill = [&](auto* values) {
    for (std::int64_t i = 0; i < spec.stored_elements(); ++i) values[i] = static_cast<float>(random.normal());
  };
  if (spec.type == DataType::bf16) {
    fill(static_cast<kernels::Bfloat16*>(tensor.raw()));
  } else {
    fill(static_cast<float*>(tensor.raw()));
  }
  return tensor;
}

/// Rows [n,d] of unit length.
inline std::vector<float> unit_rows(std::size_t n, std::size_t d) {
  std::vector<float> rows(n * d);
  Random random(2, 0);
  for (std::size_t i = 0; i < n; ++i) {
    double squares = 0;
    for (std::size_t k = 0; k < d; ++k) {
      const double value = random.normal();
      rows[i * d + k] = static_cast<float>(value);
      squares += value * value;
    }
    for (std::size_t k = 0; k < d; ++k) rows[i * d + k] /= static_cast<float>(std::sqrt(squares));
  }
  return rows;
}

inline Image noise(int width, int height, std::uint64_t seed) {
  Image image(width, height);
  Random random(seed, 0);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random.below(256));
  return image;
}

}  // namespace facenet::benchmarks
