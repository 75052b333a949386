// Faces as small, badly compressed photographs show them.
#include <cmath>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

#include "catch.hpp"

using namespace facenet;

namespace {

double difference(const Image& a, const Image& b) {
  REQUIRE(a.pixels().size() == b.pixels().size());
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) sum += std::abs(double(a.pixels()[i]) - double(b.pixels()[i]));
  return sum / static_cast<double>(a.pixels().size());
}

}  // namespace

TEST_CASE("a face of fewer pixels keeps its size and its means, and loses detail") {
  const Image face = generate_face(3, 4, 112).image;
  const Image small = degraded(face, {.pixels = 28});
  CHECK(small.width() == 112);
  CHECK(small.height() == 112);
  // Shrinking 112 to 28 averages blocks of 4x4: so do the means of what comes back, but for the cubic's overshoot.
  double worst = 0;
  for (int by = 4; by < 108; by += 4) {
    for (int bx = 4; bx < 108; bx += 4) {
      double a = 0;
      double b = 0;
      for (int y = by; y < by + 4; ++y) {
        for (int x = bx; x < bx + 4; ++x) {
          a += face.at(x, y)[1] / 16.0;
          b += small.at(x, y)[1] / 16.0;
        }
      }
      worst = std::max(worst, std::abs(a - b));
    }
  }
  CHECK(worst < 25);
  CHECK(difference(face, small) > 1);
  CHECK(difference(face, degraded(face, {.pixels = 14})) > difference(face, small));
  // A flat picture stays flat: weights sum to one, at the edges too.
  Image flat(50, 30);
  for (auto& value : flat.pixels()) value = 77;
  CHECK(degraded(flat, {.pixels = 13}) == flat);
}

TEST_CASE("JPEG quality alone; nothing asked changes nothing; numbers out of range are refused") {
  const Image face = generate_face(3, 4, 96).image;
  CHECK(degraded(face, {}) == face);
  CHECK(degraded(face, {.pixels = 96}) == face);
  CHECK(difference(face, degraded(face, {.jpeg_quality = 10})) >
        difference(face, degraded(face, {.jpeg_quality = 80})));
  CHECK_THROWS_AS(degraded(face, {.pixels = -1}), InvalidArgument);
  CHECK_THROWS_AS(degraded(face, {.jpeg_quality = 101}), InvalidArgument);
  CHECK_THROWS_AS(degraded(Image(), {.pixels = 8}), InvalidArgument);
}
