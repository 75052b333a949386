// Image::resized: a triangle filter along each axis.
#include <algorithm>
#include <cmath>
#include <vector>

#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "data/resample.hpp"

namespace facenet {
namespace {

// Of `from` pixels, the first of which is number `offset`. Bilinear when growing, and as wide as the pixels it replaces
// when shrinking. Beyond the edge lies more of the last pixel.
std::vector<Taps> triangle(int from, int offset, int to) {
  const double step = static_cast<double>(from) / to;
  const double reach = std::max(1.0, step);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * step - 0.5;
    const int begin = static_cast<int>(std::ceil(centre - reach));
    const int end = static_cast<int>(std::floor(centre + reach));
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = std::clamp(begin, 0, from - 1);
    const int last = std::clamp(end, 0, from - 1);
    taps.weights.resize(static_cast<std::size_t>(last - taps.first) + 1);
    double sum = 0;
    for (int j = begin; j <= end; ++j) sum += reach - std::abs(j - centre);
    for (int j = begin; j <= end; ++j) {
      taps.weights[static_cast<std::size_t>(std::clamp(j, 0, from - 1) - taps.first)] +=
          static_cast<float>((reach - std::abs(j - centre)) / sum);
    }
    taps.first += offset;
  }
  return all;
}

}  // namespace

Image resized(const Image& image, const Window& part, int width, int height) {
  Image result(width, height);
  resample(image, triangle(part.width(), part.x0, width), triangle(part.height(), part.y0, height), result);
  return result;
}

Image Image::resized(int width, int height) const {
  if (empty()) throw InvalidArgument("an image without pixels cannot be resized");
  if (width == width_ && height == height_) return *this;
  return facenet::resized(*this, {0, 0, width_, height_}, width, height);
}

}  // namespace facenet
