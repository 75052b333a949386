// Generated faces: repeatable, where they say they are, and not to be told apart by anything simple.
#include "data/generated_faces.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/dataset.hpp"

using namespace facenet;
namespace fs = std::filesystem;

namespace {

using Features = std::vector<float>;

/// The accuracy of "same person when nearer than a threshold", on as many pairs of one person as of two, at the best
/// threshold.
double best_accuracy(const std::vector<Features>& faces, int people, int images) {
  struct Pair {
    double distance;
    bool same;
  };
  std::vector<Pair> pairs;
  const auto add = [&](int a, int b, bool same) {
    double sum = 0;
    for (std::size_t k = 0; k < faces[std::size_t(a)].size(); ++k) {
      const double d = faces[std::size_t(a)][k] - faces[std::size_t(b)][k];
      sum += d * d;
    }
    pairs.push_back({sum, same});
  };
  Random random(5);
  for (int person = 0; person < people; ++person) {
    for (int i = 0; i < images; ++i) {
      for (int j = 0; j < i; ++j) {
        add(person * images + i, person * images + j, true);
        const auto other = static_cast<int>(random.below(std::uint64_t(people - 1)));
        add(person * images + i, (other >= person ? other + 1 : other) * images + j, false);
      }
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.distance < b.distance; });
  const auto total = static_cast<double>(pairs.size());
  double right = total / 2;  // nobody is the same
  double best = right;
  for (const Pair& pair : pairs) best = std::max(best, right += pair.same ? 1 : -1);
  return best / total;
}

Features pixels_of(const Image& image) { return {image.pixels().begin(), image.pixels().end()}; }

Features mean_colour(const Image& image) {
  Features mean(3);
  for (std::size_t i = 0; i < image.pixels().size(); ++i) mean[i % 3] += image.pixels()[i];
  for (float& value : mean) value /= static_cast<float>(image.pixels().size() / 3);
  return mean;
}

}  // namespace

TEST_CASE("the same seeds give the same face; others give others; the points lie in the picture") {
  const GeneratedFace face = generate_face(1, 2, 64);
  CHECK(face.image == generate_face(1, 2, 64).image);
  CHECK(face.landmarks == generate_face(1, 2, 64).landmarks);
  CHECK_FALSE(face.image == generate_face(1, 3, 64).image);
  CHECK_FALSE(face.image == generate_face(2, 2, 64).image);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Landmarks p = generate_face(seed, seed * 7, 48).landmarks;
    for (const float value : p) CHECK((value > 2 && value < 46));
    CHECK(p[0] < p[2]);  // eyes, mouth corners: left before right
    CHECK(p[6] < p[8]);
    CHECK(p[1] < p[7]);  // eyes above the mouth
    CHECK(p[3] < p[9]);
  }
  // A larger picture is the same face: its points scale with it.
  const GeneratedFace large = generate_face(1, 2, 128);
  for (std::size_t i = 0; i < 10; ++i)
    CHECK((large.landmarks[i] + 0.5F) / 2 - 0.5F == Approx(face.landmarks[i]).margin(0.02));
  CHECK_THROWS_AS(generate_face(1, 2, 8), InvalidArgument);
}

TEST_CASE("neither pixels nor a mean colour nor the place of a point verifies people") {
  constexpr int kPeople = 60;
  constexpr int kImages = 8;
  std::vector<GeneratedFace> faces(kPeople * kImages);
  std::vector<Image> aligned(faces.size());
  parallel_for(kPeople * kImages, [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    faces[at] = generate_face(1000 + std::uint64_t(i / kImages), 77 + std::uint64_t(i), 96);
    aligned[at] = warp(faces[at].image, alignment(faces[at].landmarks, arcface_template(32)), 32, 32);
  });
  const auto accuracy = [&](const char* what, const std::function<Features(std::size_t)>& features) {
    std::vector<Features> all;
    for (std::size_t i = 0; i < faces.size(); ++i) all.push_back(features(i));
    const double result = best_accuracy(all, kPeople, kImages);
    std::fprintf(stderr, "generated faces, verified by %s: %.3f\n", what, result);
    return result;
  };
  CHECK(accuracy("aligned pixels", [&](std::size_t i) { return pixels_of(aligned[i]); }) <= 0.75);
  CHECK(accuracy("pixels", [&](std::size_t i) { return pixels_of(faces[i].image.resized(32, 32)); }) <= 0.75);
  CHECK(accuracy("mean colour", [&](std::size_t i) { return mean_colour(faces[i].image); }) <= 0.70);
  CHECK(accuracy("mean colour, aligned", [&](std::size_t i) { return mean_colour(aligned[i]); }) <= 0.70);
  CHECK(accuracy("cheek colour", [&](std::size_t i) {
          const std::uint8_t* p = aligned[i].at(16, 22);
          return Features{float(p[0]), float(p[1]), float(p[2])};
        }) <= 0.70);
  const char* names[] = {"left eye", "right eye", "nose", "mouth left", "mouth right"};
  for (std::size_t point = 0; point < 5; ++point) {
    CHECK(accuracy(names[point], [&](std::size_t i) {
            return Features{faces[i].landmarks[point * 2], faces[i].landmarks[point * 2 + 1]};
          }) <= 0.70);
    CHECK(accuracy((std::string(names[point]) + ", aligned").c_str(), [&](std::size_t i) {
            const Affine map = alignment(faces[i].landmarks, arcface_template(112));
            const auto [x, y] = map(faces[i].landmarks[point * 2], faces[i].landmarks[point * 2 + 1]);
            return Features{float(x), float(y)};
          }) <= 0.70);
  }
}

TEST_CASE(
    "a generated folder is an index with landmarks, the same each time; it can be stopped, and says what it cannot") {
  const test::ScratchFolder folder;
  const GenerateOptions options{.people = 3, .images = 2, .size = 32, .seed = 9};
  std::size_t last = 0;
  generate_dataset(folder / "a", options, [&](std::size_t done, std::size_t total) {
    CHECK(done == last + 1);
    CHECK(total == 6);
    last = done;
  });
  CHECK(last == 6);
  const FolderIndex index = index_folder(folder / "a");
  CHECK(index.people == std::vector<std::string>{"person_0001", "person_0002", "person_0003"});
  CHECK(index.images.size() == 6);
  const LandmarkTable landmarks = read_landmarks(folder / "a/landmarks.csv");
  DatasetOptions how;
  how.size = 32;
  how.face_template = arcface_template(32);
  CHECK(FaceDataset(index, &landmarks, how).size() == 6);
  generate_dataset(folder / "b", options);
  for (const auto& entry : index.images)
    CHECK(read_file(folder / "a" / entry.file) == read_file(folder / "b" / entry.file));
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(generate_dataset(folder / "c", options, {}, stop.get_token()), Interrupted);
  CHECK_FALSE(fs::exists(folder / "c/landmarks.csv"));
  write_file(folder / "file", "");
  CHECK_THROWS_AS(generate_dataset(folder / "file", options), IoError);
  CHECK_THROWS_AS(generate_dataset(folder / "d", {.people = 0}), InvalidArgument);
}

TEST_CASE("two hundred faces a second", "[.speed]") {
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 200; ++i) generate_face(i, i, 112);
  const double ms = 5 * std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::fprintf(stderr, "generate_face: %.2f ms at 112 pixels\n", ms);
}
