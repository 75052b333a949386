// Sums of rows, then of the pixels in their sum.
#include "data/resample.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/simd.hpp"

namespace facenet {
namespace {

FACENET_SIMD void add_row(const std::uint8_t* row, float weight, float* sums, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) sums[k] += weight * static_cast<float>(row[k]);
}

// A pixel's three channels and one number more.
using Four = float __attribute__((vector_size(16)));
using Whole = std::int32_t __attribute__((vector_size(16)));

}  // namespace

void resample(const Image& image, const std::vector<Taps>& columns, const std::vector<Taps>& rows, Image& result) {
  const int begin = columns.front().first;  // of the image's columns that are wanted
  const int end = columns.back().first + static_cast<int>(columns.back().weights.size());
  std::vector<float> sums(static_cast<std::size_t>(end - begin) * 3 + 1);
  std::uint8_t* out = result.data();
  for (const Taps& row : rows) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      add_row(image.at(begin, row.first + static_cast<int>(i)), row.weights[i], sums.data(), sums.size() - 1);
    }
    for (const Taps& column : columns) {
      const float* from = sums.data() + static_cast<std::ptrdiff_t>(column.first - begin) * 3;
      Four sum{0.5F, 0.5F, 0.5F, 0.0F};
      for (const float weight : column.weights) {
        Four pixel;
        std::memcpy(&pixel, from, sizeof pixel);
        sum += weight * pixel;
        from += 3;
      }
      sum = sum < 0.0F ? Four{} : sum > 255.0F ? Four{255, 255, 255, 255} : sum;
      const Whole levels = __builtin_convertvector(sum, Whole);
      for (int c = 0; c < 3; ++c) *out++ = static_cast<std::uint8_t>(levels[c]);
    }
  }
}

}  // namespace facenet
