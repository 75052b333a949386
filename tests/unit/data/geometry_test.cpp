// Affine maps, alignment and warps: exact where they can be, and against crops that OpenCV made.
#include "data/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/csv.hpp"

using namespace facenet;

namespace {

Image noise(int width, int height, std::uint64_t seed) {
  Image image(width, height);
  Random random(seed);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random.below(256));
  return image;
}

double mean_difference(const Image& a, const Image& b) {
  REQUIRE(a.width() == b.width());
  REQUIRE(a.height() == b.height());
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) sum += std::abs(int{a.pixels()[i]} - int{b.pixels()[i]});
  return sum / static_cast<double>(a.pixels().size());
}

}  // namespace

TEST_CASE("a similarity is recovered exactly from its points") {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    const double angle = random.uniform(-3, 3);
    const double scale = random.uniform(0.1, 5);
    const Affine truth{scale * std::cos(angle), -scale * std::sin(angle), random.uniform(-50, 50),
                       scale * std::sin(angle), scale * std::cos(angle),  random.uniform(-50, 50)};
    Landmarks from{};
    Landmarks to{};
    for (std::size_t i = 0; i < 5; ++i) {
      from[i * 2] = static_cast<float>(random.uniform(0, 100));
      from[i * 2 + 1] = static_cast<float>(random.uniform(0, 100));
      const auto [x, y] = truth(from[i * 2], from[i * 2 + 1]);
      to[i * 2] = static_cast<float>(x);
      to[i * 2 + 1] = static_cast<float>(y);
    }
    const Affine found = fit_similarity(from, to);
    CHECK(found.a == Approx(truth.a).margin(1e-5));
    CHECK(found.b == Approx(truth.b).margin(1e-5));
    CHECK(found.c == Approx(truth.c).margin(1e-3));
    CHECK(found.d == Approx(truth.d).margin(1e-5));
    CHECK(found.f == Approx(truth.f).margin(1e-3));
    CHECK(found.scale() == Approx(scale).epsilon(1e-5));
  }
}

TEST_CASE("a mirrored face is not mirrored back, and coinciding points are refused") {
  const Landmarks face = arcface_template(112).points;
  Landmarks mirrored = face;
  for (std::size_t i = 0; i < 10; i += 2) mirrored[i] = 111 - face[i];
  const Affine map = fit_similarity(mirrored, face);
  CHECK(map.a * map.e - map.b * map.d > 0);
  CHECK_THROWS_AS(fit_similarity(Landmarks{}, face), InvalidArgument);
  Landmarks nan = face;
  nan[3] = std::nanf("");
  CHECK_THROWS_AS(fit_similarity(nan, face), InvalidArgument);
}

TEST_CASE("inverse and then") {
  const Affine map{1.5, 0.2, 7, -0.1, 0.8, -3};
  const Affine same = map.then(map.inverse());
  CHECK(same.a == Approx(1));
  CHECK(same.b == Approx(0).margin(1e-12));
  CHECK(same.c == Approx(0).margin(1e-12));
  CHECK(same.e == Approx(1));
  CHECK(same.f == Approx(0).margin(1e-12));
  CHECK_THROWS_AS((Affine{1, 1, 0, 1, 1, 0}.inverse()), InvalidArgument);
}

TEST_CASE("templates: margin 0 at 112 is ArcFace's, a margin shows more around the same centre") {
  const FaceTemplate plain = arcface_template(112);
  CHECK(plain.points[0] == 38.2946F);
  const FaceTemplate wide = arcface_template(96, 0.5F);
  const float eyes_plain = plain.points[2] - plain.points[0];
  CHECK(wide.points[2] - wide.points[0] == Approx(eyes_plain * 96 / 112 / 1.5F).epsilon(1e-4));
  // The centre of the picture stays the centre.
  CHECK(wide.points[0] - 47.5F == Approx((plain.points[0] - 55.5F) * 96 / 112 / 1.5F).margin(1e-4));
  CHECK_THROWS_AS(arcface_template(0), InvalidArgument);
  CHECK_THROWS_AS(arcface_template(96, -1), InvalidArgument);
}

TEST_CASE("warps by whole pixels and quarter turns move pixels unchanged") {
  const Image image = noise(31, 23, 5);
  CHECK(warp(image, Affine{}, 31, 23) == image);
  const Image shifted = warp(image, Affine{1, 0, 4, 0, 1, -2}, 31, 23);
  for (int y = 0; y < 23; ++y) {
    for (int x = 0; x < 31; ++x) {
      const bool inside = x >= 4 && y + 2 < 23;
      for (int c = 0; c < 3; ++c) CHECK(shifted.at(x, y)[c] == (inside ? image.at(x - 4, y + 2)[c] : 0));
    }
  }
  const Image turned = warp(image, Affine{0, -1, 22, 1, 0, 0}, 23, 31);
  CHECK(turned.at(22 - 7, 9)[1] == image.at(9, 7)[1]);
}

TEST_CASE("a half-pixel shift averages, and a flat picture stays flat") {
  Image image(2, 1);
  image.at(1, 0)[0] = 101;
  std::uint8_t out[3];
  warp_bilinear(image, Affine{1, 0, -0.5, 0, 1, 0}, 1, 1, out);
  CHECK(int{out[0]} == 51);
  Image flat(400, 400);
  for (auto& value : flat.pixels()) value = 200;
  const Image small = warp(flat, Affine{0.1, 0.05, -15, -0.05, 0.1, 0}, 24, 24);
  CHECK(int{small.at(15, 10)[0]} == 200);
}

TEST_CASE("shrinking does not alias") {
  Image stripes(300, 300);
  for (int y = 0; y < 300; ++y) {
    for (int x = 0; x < 300; ++x) std::fill_n(stripes.at(x, y), 3, static_cast<std::uint8_t>(x % 2 == 0 ? 255 : 0));
  }
  for (const Image& small : {warp(stripes, Affine{0.1, 0, 0, 0, 0.1, 0}, 30, 30), stripes.resized(30, 30)}) {
    for (int x = 3; x < 27; ++x) CHECK(std::abs(int{small.at(x, 15)[0]} - 127) <= 6);
  }
}

TEST_CASE("cutting a region does not change what a warp gives") {
  const Image image = noise(200, 180, 9);
  const Affine map{0.9, 0.1, -40, -0.1, 0.9, -20};
  Image whole(64, 64);
  warp_bilinear(image, map, 64, 64, whole.data());
  CHECK(warp(image, map, 64, 64) == whole);
  // Context far outside the photograph is allowed.
  const Region region = cut_region(image, map, 64, 64, 3);
  CHECK(region.image == image);
  CHECK_NOTHROW(cut_region(image, Affine{1, 0, 5000, 0, 1, 5000}, 64, 64));
}

TEST_CASE("a warp is its region, then bilinear: bit for bit, wherever it takes a shorter way") {
  const Image image = noise(250, 230, 6);
  const PixelSize size{250, 230};
  const Affine maps[] = {centre_crop_map(size, 1, {96, 96}),      // nothing but a filter
                         centre_crop_map(size, 0.61F, {96, 96}),  // less than twice smaller
                         centre_crop_map(size, 0.9F, {48, 64}),   // a filter of a part
                         {0.3, 0.1, 5.3, -0.1, 0.3, 20.7},        // turned, with a filter
                         {0.7, -0.2, -3.1, 0.2, 0.7, 4.4},        // turned, without
                         {0.4, 0, -3.02, 0, 0.4, 1.5},            // shifted by parts of a pixel
                         {0.9, 0, 300, 0, 0.9, -400}};            // nothing of the image
  for (const Affine& map : maps) {
    for (const PixelSize out : {PixelSize{96, 96}, PixelSize{48, 64}}) {
      const Region region = cut_region(image, map, out.width, out.height);
      Image slow(out.width, out.height);
      warp_bilinear(region.image, region.to_output, out.width, out.height, slow.data());
      CHECK(std::ranges::equal(warp(image, map, out.width, out.height).pixels(), slow.pixels()));
    }
  }
}

TEST_CASE("centre crop keeps the middle in the middle") {
  const Affine map = centre_crop_map({250, 200}, 0.5F, 96);
  const auto [x, y] = map(124.5, 99.5);
  CHECK(x == Approx(47.5));
  CHECK(y == Approx(47.5));
  CHECK(map.scale() == Approx(0.96));
}

TEST_CASE("inputs that are not square show the same square, and more where they are longer") {
  const FaceTemplate square = arcface_template(116, 0.15F);
  const FaceTemplate tall = arcface_template({116, 140}, 0.15F);
  CHECK(tall.width == 116);
  CHECK(tall.height == 140);
  for (std::size_t i = 0; i < 10; ++i) CHECK(tall.points[i] == Approx(square.points[i] + (i % 2 == 0 ? 0 : 12)));
  const Affine map = centre_crop_map({200, 200}, 1, {116, 140});  // all of the height, the middle of the width
  CHECK(map.scale() == Approx(0.7));
  CHECK(map(99.5, 99.5)[0] == Approx(57.5));
  CHECK(map(99.5, -0.5)[1] == Approx(-0.5));
}

TEST_CASE("a filter sets in where bilinear interpolation would skip pixels") {
  const Image image = noise(240, 240, 4);
  const auto plain = [&](double scale) {
    const Affine map{scale, 0, 3, 0, scale, 2};
    Image bilinear(64, 64);
    warp_bilinear(image, map, 64, 64, bilinear.data());
    return mean_difference(warp(image, map, 64, 64), bilinear);
  };
  CHECK(plain(0.51) == 0);
  CHECK(plain(0.49) > 5);
}

TEST_CASE("boxes are cut out as facenet-pytorch cuts them") {
  const Image image = noise(200, 150, 6);
  // No margin, whole pixels, no change of size: the pixels themselves. Fractions go.
  CHECK(cut_box(image, {20, 30, 52, 62}, 0, 32) == image.cropped(20, 30, 32, 32));
  CHECK(cut_box(image, {20.9F, 30.9F, 52.9F, 62.9F}, 0, 32) == image.cropped(20, 30, 32, 32));
  // 40 pixels of input for a box of 32x64, and 8 for its margins: it grows by 8 * 32 / 40 = 6.4, and by 12.8.
  const Image wide = image.cropped(16, 23, 55 - 16, 100 - 23);
  CHECK(cut_box(image, {20, 30, 52, 94}, 8, 48) == wide.resized(48, 48));
  // What lies beyond the image goes.
  CHECK(cut_box(image, {-10, 120, 30, 180}, 0, 24) == image.cropped(0, 120, 30, 30).resized(24, 24));
  // A face that lies on its side is turned upright, and margins go with its sides.
  const std::array<float, 4> box{20, 30, 52, 94};
  const Image lying = cut_box(image, box, 8, {48, 32}, 1);
  const Image cut = image.cropped(14, 23, 57 - 14, 100 - 23);  // 8 * 32 / 24 = 10.67 and 8 * 64 / 40 = 12.8
  CHECK(lying == turned(cut, 1).resized(48, 32));
  CHECK(cut_box(image, box, 0, 32, 2) == turned(image.cropped(20, 30, 32, 64), 2).resized(32, 32));
  CHECK(turned(image, 4) == image);
  CHECK(turned(image, 1).at(149 - 7, 9)[2] == image.at(9, 7)[2]);
  CHECK_THROWS_AS(cut_box(image, {200, 10, 250, 60}, 0, 32), InvalidArgument);
  CHECK_THROWS_AS(cut_box(image, {60, 10, 50, 60}, 0, 32), InvalidArgument);
  CHECK_THROWS_AS(cut_box(image, {0, 0, std::nanf(""), 60}, 0, 32), InvalidArgument);
}

TEST_CASE("alignment gives the crops of the reference pipeline") {
  const auto data = test::shared_data();
  if (!data) return;
  const CsvTable faces = CsvTable::open(*data / "golden/faces.csv");
  const LandmarkTable landmarks = read_landmarks(*data / "golden/faces.csv");
  double worst = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    const std::string& file = faces.rows.at(i).at(faces.column("file"));
    const Image photograph = Image::open(*data / "lfw/images" / file);
    for (const auto& [face, name] : {std::pair(arcface_template(112), "112"), std::pair(dlib_template(), "150")}) {
      char golden[32];
      std::snprintf(golden, sizeof golden, "%02zu-%s.png", i, name);
      const Affine map = alignment(landmarks.at(file), face);
      const double difference =
          mean_difference(warp(photograph, map, face.width, face.height), Image::open(*data / "golden/crops" / golden));
      INFO(file << " " << golden << " scale " << map.scale() << " difference " << difference);
      worst = std::max(worst, difference);
      CHECK(difference < 0.5);
    }
  }
  std::fprintf(stderr, "golden crops: worst mean difference %.3f levels\n", worst);
}
