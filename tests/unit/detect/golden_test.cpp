// The detector against what MTCNN in PyTorch found in 200 photographs, and on photographs that are no easy ones.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <facenet/csv.hpp>
#include <facenet/dataset.hpp>
#include <facenet/detector.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "data/geometry.hpp"
#include "detector.hpp"

namespace facenet {
namespace {

using Box = std::array<float, 4>;
using test::nearest_to;
using test::overlap;

}  // namespace

TEST_CASE("detector: 200 photographs as MTCNN in PyTorch sees them") {
  auto detector = test::shared_detector();
  if (!detector) return;
  const auto data = *test::shared_data();
  const auto table = CsvTable::open(data / "golden" / "faces.csv");
  REQUIRE(table.rows.size() == 200);
  const std::size_t x1 = table.column("x1");
  const std::size_t first = table.column("left_eye_x");
  double points = 0;
  float least = 1;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const auto number = [&](std::size_t column) { return static_cast<float>(table.number(row, column)); };
    const Box wanted{number(x1), number(x1 + 1), number(x1 + 2), number(x1 + 3)};
    const auto& file = table.rows[row][table.column("file")];
    const auto faces = detector->detect(Image::open(data / "lfw" / "images" / file));
    const DetectedFace* best = nearest_to(wanted, faces);
    INFO(file);
    REQUIRE(best != nullptr);
    CHECK(overlap(best->box, wanted) >= 0.95F);
    least = std::min(least, overlap(best->box, wanted));
    CHECK(std::abs(best->confidence - number(table.column("probability"))) < 0.01F);
    CHECK(best->turned == 0);
    for (std::size_t i = 0; i < 10; i += 2) {
      points += std::hypot(best->landmarks[i] - number(first + i), best->landmarks[i + 1] - number(first + i + 1));
    }
  }
  const double mean = points / 1000;
  CHECK(mean < 1);
  std::fprintf(stderr, "golden faces: least overlap %.4f, points %.4f pixels away on average\n",
               static_cast<double>(least), mean);
}

TEST_CASE("detector: no face, a turned one, a tiny one, a blurred one, a cut one, a drawn one") {
  auto detector = test::shared_detector();
  if (!detector) return;
  const Image photograph = Image::open(*test::shared_data() / "lfw/images/Abel_Pacheco/Abel_Pacheco_0002.jpg");
  const auto upright = detector->detect(photograph);
  REQUIRE(upright.size() == 1);
  CHECK((!upright[0].cut_off && !upright[0].tiny && !upright[0].blurred));

  CHECK(detector->detect(Image(300, 200)).empty());
  CHECK(detector->detect(photograph.cropped(0, 0, 60, 60)).empty());

  // However it is turned, the points are the same of the face: aligned, it is the same picture.
  for (const int back : {270, 180, 90}) {
    const auto faces = detector->detect(turned(photograph, 4 - back / 90));
    INFO(back);
    REQUIRE(faces.size() == 1);
    CHECK(faces[0].turned == back);
    CHECK(faces[0].quality.score == Approx(upright[0].quality.score).margin(0.02));
    auto points = upright[0].landmarks;
    for (int angle = 360; angle > back; angle -= 90) {
      for (std::size_t i = 0; i < 10; i += 2) {
        const float x = points[i];
        points[i] = 249 - points[i + 1];
        points[i + 1] = x;
      }
    }
    for (std::size_t i = 0; i < 10; ++i) CHECK(faces[0].landmarks[i] == Approx(points[i]).margin(1));
  }
  auto options = detector->options();
  options.turned = false;
  for (const auto& face : detector->with(options).detect(turned(photograph, 3))) CHECK(face.turned == 0);

  const auto small = detector->with({.minimum_size = 20}).detect(photograph.resized(62, 62));
  REQUIRE(small.size() == 1);
  CHECK(small[0].tiny);
  const auto blurred = detector->detect(photograph.resized(25, 25).resized(250, 250));
  REQUIRE(blurred.size() == 1);
  CHECK(blurred[0].blurred);
  CHECK(blurred[0].quality.score < upright[0].quality.score);
  const auto cut = detector->detect(photograph.cropped(0, 0, 250, 150));
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].cut_off);
  CHECK(cut[0].box[3] > 150);

  // A good enough drawing counts as a face.
  const auto drawing = generate_face(1, 2, 200);
  CHECK(detector->detect(drawing.image).size() == 1);
}

TEST_CASE("detector: a large picture of many people, cut into pieces") {
  auto detector = test::shared_detector();
  if (!detector) return;
  const auto data = *test::shared_data();
  const auto table = CsvTable::open(data / "golden" / "faces.csv");
  Image mosaic(1500, 1500);
  std::vector<Box> wanted;
  for (int i = 0; i < 36; ++i) {
    const auto row = static_cast<std::size_t>(i);
    const Image image = Image::open(data / "lfw" / "images" / table.rows[row][table.column("file")]);
    const int left = i % 6 * 250, top = i / 6 * 250;
    for (int y = 0; y < 250; ++y) std::copy_n(image.at(0, y), 750, mosaic.at(left, top + y));
    const auto number = [&](const char* column) { return static_cast<float>(table.number(row, table.column(column))); };
    const auto x = static_cast<float>(left), y = static_cast<float>(top);
    wanted.push_back({number("x1") + x, number("y1") + y, number("x2") + x, number("y2") + y});
  }
  const auto faces = detector->detect(mosaic);
  for (const auto& box : wanted) {
    const DetectedFace* best = nearest_to(box, faces);
    REQUIRE(best != nullptr);
    CHECK(overlap(best->box, box) > 0.7F);
  }
}

}  // namespace facenet
