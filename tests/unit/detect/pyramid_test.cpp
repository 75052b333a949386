// Sizes, area interpolation, packing.
#include "detect/pyramid.hpp"

#include <map>
#include <random>
#include <set>

#include "catch.hpp"

namespace facenet::detect {
namespace {

Image noise(int width, int height) {
  Image image(width, height);
  std::mt19937 random(5);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random());
  return image;
}

}  // namespace

TEST_CASE("pyramid: from the smallest face to the whole picture") {
  const auto list = scales(250, 300, 40, 0.709);
  REQUIRE(list.size() == 6);
  CHECK(list[0] == Approx(0.3));
  CHECK(list[5] * 250 >= 12);
  CHECK(list[5] * 250 * 0.709 < 12);
  CHECK(scaled(250, list[0]) == 76);
  CHECK(scaled(250, list[5]) == 14);
  CHECK(scales(39, 1000, 40, 0.709).empty());  // no face of 40 pixels has room
  CHECK(scales(40, 40, 40, 0.709).size() == 1);
}

TEST_CASE("pyramid: each number is the mean of the pixels it stands for") {
  const Image image = noise(37, 23);
  const Part part{3, 2, 31, 20};
  for (const auto& [width, height] : {std::pair{7, 5}, {31, 20}, {24, 24}, {48, 48}, {1, 1}}) {
    const auto w = static_cast<std::size_t>(width);
    const auto h = static_cast<std::size_t>(height);
    std::vector<float> result(3 * w * h);
    resize_area(image, part, width, height, {0, 0, width, height}, {result.data(), w, w * h});
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const int x1 = x * part.width / width, x2 = ((x + 1) * part.width + width - 1) / width;
          const int y1 = y * part.height / height, y2 = ((y + 1) * part.height + height - 1) / height;
          double sum = 0;
          for (int v = y1; v < y2; ++v) {
            for (int u = x1; u < x2; ++u) sum += image.at(part.x + u, part.y + v)[c];
          }
          const double mean = sum / ((x2 - x1) * (y2 - y1));
          const auto at =
              (static_cast<std::size_t>(c) * h + static_cast<std::size_t>(y)) * w + static_cast<std::size_t>(x);
          REQUIRE(static_cast<double>(result[at]) == Approx((mean - 127.5) / 128).margin(1e-6));
        }
      }
    }
  }
}

TEST_CASE("pyramid: a window is the same part of the whole") {
  const Image image = noise(61, 47);
  const Part all{0, 0, 61, 47};
  std::vector<float> whole(3 * 40 * 30);
  resize_area(image, all, 40, 30, {0, 0, 40, 30}, {whole.data(), 40, 1200});
  std::vector<float> part(3 * 10 * 6, -9.0F);
  resize_area(image, all, 40, 30, {20, 14, 9, 6}, {part.data(), 10, 60});
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t y = 0; y < 6; ++y) {
      for (std::size_t x = 0; x < 9; ++x) {
        REQUIRE(part[(c * 6 + y) * 10 + x] == whole[(c * 30 + y + 14) * 40 + x + 20]);
      }
      REQUIRE(part[(c * 6 + y) * 10 + 9] == -9.0F);  // beyond the window nothing is written
    }
  }
}

TEST_CASE("pyramid: packed pieces cover every place once and lie apart") {
  for (const auto& [width, height] :
       {std::pair{250, 250}, {251, 333}, {2000, 1500}, {3001, 40}, {41, 3000}, {1281, 1279}}) {
    const auto list = scales(width, height, 40, 0.709);
    const Packing packing = pack(width, height, list);
    CHECK(packing.width % 32 == 0);
    CHECK(packing.height % 32 == 0);
    CHECK(packing.width <= kLargestCanvas);
    CHECK(packing.height <= kLargestCanvas);
    std::map<std::size_t, std::set<std::pair<int, int>>> places;
    std::set<std::tuple<int, int, int>> pixels;
    for (const auto& piece : packing.pieces) {
      const auto& window = piece.window;
      REQUIRE((piece.x % 2 == 0 && piece.y % 2 == 0 && window.x % 2 == 0 && window.y % 2 == 0));
      REQUIRE((piece.canvas >= 0 && piece.canvas < packing.canvases));
      REQUIRE((piece.x + window.width <= packing.width && piece.y + window.height <= packing.height));
      REQUIRE((window.x + window.width <= scaled(width, list[piece.scale])));
      REQUIRE((window.y + window.height <= scaled(height, list[piece.scale])));
      for (int y = 0; y < window.height; ++y) {
        for (int x = 0; x < window.width; ++x) {
          REQUIRE(pixels.emplace(piece.canvas, piece.x + x, piece.y + y).second);
        }
      }
      // A window's last pixel may be missing where the size is odd.
      REQUIRE(2 * piece.columns + 10 <= window.width + 1);
      REQUIRE(2 * piece.rows + 10 <= window.height + 1);
      for (int y = 0; y < piece.rows; ++y) {
        for (int x = 0; x < piece.columns; ++x) {
          REQUIRE(places[piece.scale].emplace(window.x / 2 + x, window.y / 2 + y).second);
        }
      }
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const int w = scaled(width, list[i]);
      const int h = scaled(height, list[i]);
      CHECK(places[i].size() == static_cast<std::size_t>((w + 1) / 2 - 5) * static_cast<std::size_t>((h + 1) / 2 - 5));
    }
  }
}

}  // namespace facenet::detect
