// Faces as a small, badly compressed photograph would show them.
#include <algorithm>
#include <cmath>
#include <vector>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

#include "data/resample.hpp"

namespace facenet {
namespace {

// Shrinking: each output covers from / to source pixels, those at its ends in part.
std::vector<Taps> area_taps(int from, int to) {
  std::vector<Taps> list;
  const double ratio = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double begin = i * ratio;
    const double end = std::min<double>(from, (i + 1) * ratio);
    Taps taps{static_cast<int>(begin), {}};
    for (int x = taps.first; x < end; ++x) {
      taps.weights.push_back(static_cast<float>((std::min<double>(x + 1, end) - std::max<double>(x, begin)) / ratio));
    }
    list.push_back(std::move(taps));
  }
  return list;
}

// Growing: the four nearest pixels under Keys' cubic (1981) with a = -0.75; beyond the edge its pixel goes on.
std::vector<Taps> cubic_taps(int from, int to) {
  const auto kernel = [](double x) {
    constexpr double a = -0.75;
    x = std::abs(x);
    if (x >= 2) return 0.0;
    return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  };
  std::vector<Taps> list;
  const double ratio = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * ratio - 0.5;
    const int first = static_cast<int>(std::floor(centre)) - 1;
    Taps taps{std::clamp(first, 0, from - 1), {}};
    const int last = std::clamp(first + 3, 0, from - 1);
    taps.weights.assign(static_cast<std::size_t>(last - taps.first) + 1, 0.0F);
    for (int x = first; x < first + 4; ++x) {
      const int inside = std::clamp(x, 0, from - 1);
      taps.weights[static_cast<std::size_t>(inside - taps.first)] += static_cast<float>(kernel(centre - x));
    }
    list.push_back(std::move(taps));
  }
  return list;
}

}  // namespace

Image degraded(const Image& face, const Degradation& how) {
  if (face.empty()) throw InvalidArgument("an image without pixels cannot be degraded");
  const int longer = std::max(face.width(), face.height());
  if (how.pixels < 0 || how.jpeg_quality < 0 || how.jpeg_quality > 100) {
    throw InvalidArgument("a face is degraded to 0 (as it is) or more pixels and JPEG quality 0 (none) to 100, not " +
                          std::to_string(how.pixels) + " and " + std::to_string(how.jpeg_quality));
  }
  const bool shrink = how.pixels > 0 && how.pixels < longer;
  Image small = face;
  if (shrink) {
    const auto fewer = [&](int side) {
      return std::max(1, static_cast<int>(std::lround(static_cast<double>(side) * how.pixels / longer)));
    };
    small = Image(fewer(face.width()), fewer(face.height()));
    resample(face, area_taps(face.width(), small.width()), area_taps(face.height(), small.height()), small);
  }
  if (how.jpeg_quality > 0) small = Image::decode(small.encode_jpeg(how.jpeg_quality));
  if (!shrink) return small;
  Image result(face.width(), face.height());
  resample(small, cubic_taps(small.width(), face.width()), cubic_taps(small.height(), face.height()), result);
  return result;
}

}  // namespace facenet
