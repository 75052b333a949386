// Image::resized: a triangle filter along each axis, down the columns first, where pixels side by side are summed at
// once.
#include <algorithm>
#include <cmath>
#include <vector>

#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "base/simd.hpp"

namespace facenet {
namespace {

// What a pixel is made of: so much of each pixel from `first` on.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

// Bilinear when growing, and as wide as the pixels it replaces when shrinking. Beyond the edge lies more of the last
// pixel.
std::vector<Taps> triangle(int from, int to) {
  const double step = static_cast<double>(from) / to;
  const double reach = std::max(1.0, step);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * step - 0.5;
    const int begin = static_cast<int>(std::ceil(centre - reach));
    const int end = static_cast<int>(std::floor(centre + reach));
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::clamp(begin, 0, from - 1);
    taps.weights.resize(static_cast<std::size_t>(std::clamp(end, 0, from - 1) - taps.first + 1));
    double sum = 0;
    for (int j = begin; j <= end; ++j) sum += reach - std::abs(j - centre);
    for (int j = begin; j <= end; ++j) {
      taps.weights[static_cast<std::size_t>(std::clamp(j, 0, from - 1) - taps.first)] +=
          static_cast<float>((reach - std::abs(j - centre)) / sum);
    }
  }
  return all;
}

FACENET_SIMD void add_row(const std::uint8_t* row, float weight, float* sums, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) sums[k] += weight * static_cast<float>(row[k]);
}

}  // namespace

Image Image::resized(int width, int height) const {
  if (empty()) throw InvalidArgument("an image without pixels cannot be resized");
  if (width == width_ && height == height_) return *this;
  Image result(width, height);
  const auto across = triangle(width_, width);
  const auto down = triangle(height_, height);
  std::vector<float> sums(static_cast<std::size_t>(width_) * 3);
  for (int y = 0; y < height; ++y) {
    const Taps& rows = down[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::size_t i = 0; i < rows.weights.size(); ++i) {
      add_row(at(0, rows.first + static_cast<int>(i)), rows.weights[i], sums.data(), sums.size());
    }
    std::uint8_t* out = result.at(0, y);
    for (const Taps& taps : across) {
      const float* from = sums.data() + static_cast<std::ptrdiff_t>(taps.first) * 3;
      float red = 0.5F, green = 0.5F, blue = 0.5F;
      for (const float weight : taps.weights) {
        red += weight * from[0];
        green += weight * from[1];
        blue += weight * from[2];
        from += 3;
      }
      *out++ = static_cast<std::uint8_t>(red);
      *out++ = static_cast<std::uint8_t>(green);
      *out++ = static_cast<std::uint8_t>(blue);
    }
  }
  return result;
}

}  // namespace facenet
