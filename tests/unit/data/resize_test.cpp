// Image::resized against its formula in double precision.
#include <algorithm>
#include <cmath>
#include <utility>

#include <facenet/image.hpp>

#include "base/random.hpp"
#include "catch.hpp"
#include "data/resample.hpp"

namespace facenet::test {
namespace {

// One channel of one pixel: a triangle as wide as the pixels it replaces (bilinear when growing), beyond the edge the
// last pixel.
double expected(const Image& image, int width, int height, int x, int y, int channel) {
  const double step_x = static_cast<double>(image.width()) / width;
  const double step_y = static_cast<double>(image.height()) / height;
  const auto weight = [](double distance, double step) {
    return std::max(0.0, 1 - std::abs(distance) / std::max(1.0, step));
  };
  double sum = 0;
  double total = 0;
  for (int v = -image.height(); v < 2 * image.height(); ++v) {
    for (int u = -image.width(); u < 2 * image.width(); ++u) {
      const double w = weight(u + 0.5 - (x + 0.5) * step_x, step_x) * weight(v + 0.5 - (y + 0.5) * step_y, step_y);
      total += w;
      sum += w * image.at(std::clamp(u, 0, image.width() - 1), std::clamp(v, 0, image.height() - 1))[channel];
    }
  }
  return sum / total;
}

}  // namespace

TEST_CASE("an image at another size is what the triangle filter makes of it", "[data]") {
  Image image(23, 17);
  Random random(1, 0);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random.below(256));
  for (const auto& [width, height] : {std::pair{11, 8}, {5, 16}, {23, 2}, {40, 31}, {1, 1}, {24, 17}}) {
    INFO(width << "x" << height);
    const Image resized = image.resized(width, height);
    REQUIRE(resized.width() == width);
    REQUIRE(resized.height() == height);
    double worst = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < 3; ++c) {
          worst = std::max(worst, std::abs(resized.at(x, y)[c] - expected(image, width, height, x, y, c)));
        }
      }
    }
    CHECK(worst < 0.501);
  }
  CHECK(image.resized(23, 17) == image);
}

TEST_CASE("a part is resized as if it had been cut out", "[data]") {
  Random random(4);
  Image image(61, 47);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random.below(256));
  for (const Window part : {Window{0, 0, 61, 47}, Window{7, 5, 50, 46}, Window{60, 46, 61, 47}, Window{3, 0, 60, 2}}) {
    const Image cut = image.cropped(part.x0, part.y0, part.width(), part.height());
    for (const auto& [width, height] : {std::pair{20, 11}, std::pair{64, 90}, std::pair{1, 1}}) {
      CHECK(std::ranges::equal(resized(image, part, width, height).pixels(), cut.resized(width, height).pixels()));
    }
  }
}

TEST_CASE("an image of one colour stays so at every size", "[data]") {
  Image image(37, 29);
  for (const int level : {0, 1, 128, 254, 255}) {
    for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(level);
    for (const auto& [width, height] : {std::pair{36, 28}, {3, 5}, {100, 77}}) {
      const Image resized = image.resized(width, height);
      CHECK(std::all_of(resized.pixels().begin(), resized.pixels().end(), [&](int value) { return value == level; }));
    }
  }
}

}  // namespace facenet::test
