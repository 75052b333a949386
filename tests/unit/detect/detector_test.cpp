// The detector's edges, with networks made up: options, sizes, determinism, sharing.
#include <facenet/detector.hpp>

#include <cmath>
#include <random>
#include <thread>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "data/geometry.hpp"
#include "detect/quality.hpp"
#include "detector.hpp"

namespace facenet {
namespace {

Image noise(int width, int height, unsigned seed = 1) {
  Image image(width, height);
  std::mt19937 random(seed);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random());
  return image;
}

Detector made_up(const DetectorOptions& options = {}) {
  const test::ScratchFolder folder;
  save_detector(folder / "d.fnm", test::random_mtcnn(7));
  return Detector::load(folder / "d.fnm", options);
}

bool same(const std::vector<DetectedFace>& a, const std::vector<DetectedFace>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const DetectedFace& x, const DetectedFace& y) {
    return x.box == y.box && x.landmarks == y.landmarks && x.confidence == y.confidence && x.turned == y.turned;
  });
}

}  // namespace

TEST_CASE("detector: options out of range") {
  const auto detector = made_up();
  CHECK_THROWS_AS(detector.with({.minimum_size = 11}), InvalidArgument);
  CHECK_THROWS_AS(detector.with({.thresholds = {0.5F, 1, 0.5F}}), InvalidArgument);
  CHECK_THROWS_AS(detector.with({.thresholds = {0.5F, NAN, 0.5F}}), InvalidArgument);
  CHECK_THROWS_AS(detector.with({.factor = 1}), InvalidArgument);
  CHECK_THROWS_AS(detector.with({.maximum_faces = -1}), InvalidArgument);
  CHECK_THROWS_AS(detector.with({.threads = -1}), InvalidArgument);
  CHECK_THROWS_AS(made_up().detect(Image()), InvalidArgument);
}

TEST_CASE("detector: any size of image, and networks that believe anything") {
  // Made-up networks find "faces" everywhere: boxes fly about, and nothing may go wrong.
  auto detector = made_up({.minimum_size = 20, .thresholds = {0.3F, 0.1F, 0.1F}});
  std::size_t faces = 0;
  for (const auto& [width, height] :
       {std::pair{1, 1}, {19, 500}, {20, 20}, {21, 20}, {33, 47}, {700, 22}, {161, 230}}) {
    const auto found = detector.detect(noise(width, height));
    faces += found.size();
    for (const auto& face : found) {
      CHECK((face.confidence > 0.1F && face.confidence <= 1));
      for (const float value : face.landmarks) CHECK(std::isfinite(value));
      for (const float q : {face.quality.score, face.quality.size, face.quality.sharpness, face.quality.pose}) {
        CHECK((q >= 0 && q <= 1));
      }
    }
  }
  CHECK(faces > 0);
}

TEST_CASE("detector: one image, one result, whoever looks") {
  const DetectorOptions options{.minimum_size = 20, .thresholds = {0.3F, 0.05F, 0.05F}, .threads = 1};
  auto detector = made_up(options);
  const Image image = noise(150, 130);
  const auto first = detector.detect(image);
  REQUIRE(!first.empty());
  detector.detect(noise(90, 300, 2));
  CHECK(same(detector.detect(image), first));
  std::vector<std::vector<DetectedFace>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&result, &detector, &options, &image] { result = detector.with(options).detect(image); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(same(result, first));
}

TEST_CASE("detector: which faces are given") {
  DetectorOptions options{.minimum_size = 20, .thresholds = {0.3F, 0.05F, 0.05F}};
  auto detector = made_up(options);
  const Image image = noise(150, 130);
  const auto all = detector.detect(image);
  REQUIRE(all.size() > 3);
  const auto area = [](const DetectedFace& f) { return (f.box[2] - f.box[0]) * (f.box[3] - f.box[1]); };
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(area(all[i - 1]) >= area(all[i]));
  options.maximum_faces = 2;
  CHECK(detector.with(options).detect(image).size() == 2);
  options.choice = FaceChoice::largest;
  const auto largest = detector.with(options).detect(image);
  REQUIRE(largest.size() == 1);
  CHECK(largest[0].box == all[0].box);
  options.choice = FaceChoice::centre;
  const auto centre = detector.with(options).detect(image);
  REQUIRE(centre.size() == 1);
  const auto distance = [](const DetectedFace& f) {
    return std::hypot((f.box[0] + f.box[2]) / 2 - 75, (f.box[1] + f.box[3]) / 2 - 65);
  };
  for (const auto& face : all) CHECK(distance(face) >= distance(centre[0]));
}

TEST_CASE("quality: size, sharpness and pose mean what they say") {
  const FaceTemplate front = arcface_template(112);
  const Image sharp = noise(112, 112);
  const auto best = detect::quality_of(sharp, front.points, 1);
  CHECK(best.size == Approx(1));
  CHECK(best.pose == Approx(1).margin(1e-4));
  CHECK(best.sharpness == Approx(1));
  CHECK(best.score == Approx(1).margin(1e-3));

  // Half the pixels: size is a half, and the grown picture has lost its finest detail.
  Landmarks half = front.points;
  for (auto& value : half) value = (value + 0.5F) / 2 - 0.5F;
  const auto smaller = detect::quality_of(sharp.resized(56, 56), half, 0.5F);
  CHECK(smaller.size == Approx(0.5).margin(1e-3));
  CHECK(smaller.sharpness < best.sharpness + 1e-6F);
  CHECK(smaller.score < 0.5F);

  const Image blurred = sharp.resized(8, 8).resized(112, 112);
  CHECK(detect::sharpness_of(blurred) < 0.3F);
  CHECK(detect::sharpness_of(Image(112, 112)) == 0);

  // In profile all points move towards one side; a turned photograph changes nothing.
  Landmarks profile = front.points;
  for (std::size_t i = 0; i < 10; i += 2) profile[i] = 56 + (profile[i] - 56) * 0.15F;
  CHECK(detect::distance_from_front(profile) > 0.3F);
  Landmarks turned{};
  for (std::size_t i = 0; i < 10; i += 2) {
    turned[i] = 111 - front.points[i + 1];
    turned[i + 1] = front.points[i];
  }
  CHECK(detect::distance_from_front(turned) == Approx(0).margin(1e-4));
  CHECK(detect::quality_of(sharp, Landmarks{}, 1).score == 0);
}

TEST_CASE("quality: the length of the embedding counts where it is known") {
  FaceQuality quality{.size = 0.8F, .sharpness = 0.5F, .pose = 0.9F};
  const float seen = detect::score_of(quality, 0.95F);
  CHECK(seen == Approx(0.95 * std::cbrt(0.8 * 0.5 * 0.9)));
  quality.norm = 0.7F;
  CHECK(detect::score_of(quality, 0.95F) == Approx(0.49 * seen));
}

}  // namespace facenet
