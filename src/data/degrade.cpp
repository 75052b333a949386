// Faces as a small, badly compressed photograph would show them.
#include <algorithm>
#include <cmath>
#include <vector>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

namespace facenet {
namespace {

// What one output row or column is made of: `weights` of the source from `first` on.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

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

Image resampled(const Image& image, const std::vector<Taps>& columns, const std::vector<Taps>& rows) {
  const auto source_row = static_cast<std::size_t>(image.width()) * 3;
  const std::size_t width = columns.size();
  Image result(static_cast<int>(width), static_cast<int>(rows.size()));
  std::vector<float> line(source_row);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (std::size_t k = 0; k < rows[y].weights.size(); ++k) {
      const std::uint8_t* from = image.at(0, rows[y].first + static_cast<int>(k));
      for (std::size_t i = 0; i < source_row; ++i) line[i] += rows[y].weights[k] * static_cast<float>(from[i]);
    }
    std::uint8_t* to = result.at(0, static_cast<int>(y));
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        float sum = 0;
        for (std::size_t k = 0; k < columns[x].weights.size(); ++k) {
          sum += columns[x].weights[k] * line[(static_cast<std::size_t>(columns[x].first) + k) * 3 + c];
        }
        to[x * 3 + c] = static_cast<std::uint8_t>(std::clamp(sum + 0.5F, 0.0F, 255.0F));
      }
    }
  }
  return result;
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
    small =
        resampled(face, area_taps(face.width(), fewer(face.width())), area_taps(face.height(), fewer(face.height())));
  }
  if (how.jpeg_quality > 0) small = Image::decode(small.encode_jpeg(how.jpeg_quality));
  if (!shrink) return small;
  return resampled(small, cubic_taps(small.width(), face.width()), cubic_taps(small.height(), face.height()));
}

}  // namespace facenet
