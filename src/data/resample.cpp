// Sums of rows, then of the pixels in their sum.
#include "data/resample.hpp"

#include <algorithm>
#include <cstdint>

#include "base/simd.hpp"

namespace facenet {
namespace {

FACENET_SIMD void add_row(const std::uint8_t* row, float weight, float* sums, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) sums[k] += weight * static_cast<float>(row[k]);
}

}  // namespace

void resample(const Image& image, const std::vector<Taps>& columns, const std::vector<Taps>& rows, Image& result) {
  std::vector<float> sums(static_cast<std::size_t>(image.width()) * 3);
  std::uint8_t* out = result.data();
  for (const Taps& row : rows) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      add_row(image.at(0, row.first + static_cast<int>(i)), row.weights[i], sums.data(), sums.size());
    }
    for (const Taps& column : columns) {
      const float* from = sums.data() + static_cast<std::ptrdiff_t>(column.first) * 3;
      float red = 0.5F, green = 0.5F, blue = 0.5F;
      for (const float weight : column.weights) {
        red += weight * from[0];
        green += weight * from[1];
        blue += weight * from[2];
        from += 3;
      }
      for (const float value : {red, green, blue}) *out++ = static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F));
    }
  }
}

}  // namespace facenet
