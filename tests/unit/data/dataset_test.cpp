// Datasets: bad images listed or dropped, memory bounded, one warp; loaders: the same bytes at any number of threads.
#include "data/dataset.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/loader.hpp"

using namespace facenet;
namespace fs = std::filesystem;
using facenet::test::Contains;

namespace {

/// Smooth pictures, each person's of another colour.
void make_people(const fs::path& root, int people, int images) {
  for (int p = 0; p < people; ++p) {
    const auto folder = root / ("p" + std::to_string(p));
    fs::create_directories(folder);
    for (int i = 0; i < images; ++i) {
      Image image(64, 56);
      for (int y = 0; y < 56; ++y) {
        for (int x = 0; x < 64; ++x) {
          image.at(x, y)[0] = static_cast<std::uint8_t>(p * 20 + x);
          image.at(x, y)[1] = static_cast<std::uint8_t>(i * 10 + y * 2);
          image.at(x, y)[2] = static_cast<std::uint8_t>(x + y);
        }
      }
      image.write_png(folder / (std::to_string(i) + ".png"));
    }
  }
}

}  // namespace

TEST_CASE("images that cannot be read are listed with reasons; skip_bad counts and drops them") {
  const test::ScratchFolder folder;
  make_people(folder.path(), 3, 2);
  write_file(folder / "p0/1.png", "");
  fs::create_directory(folder / "p3");
  write_file(folder / "p3/only.jpg", "not an image");
  const FolderIndex index = index_folder(folder.path());
  DatasetOptions options;
  options.size = 32;
  CHECK_THROWS_WITH(FaceDataset(index, nullptr, options),
                    Contains("2 of 7 images") && Contains("p0/1.png") && Contains("empty") && Contains("p3/only.jpg"));
  options.skip_bad = true;
  const FaceDataset dataset(index, nullptr, options);
  CHECK(dataset.size() == 5);
  CHECK(dataset.dropped().size() == 2);
  CHECK(dataset.index().people == std::vector<std::string>{"p0", "p1", "p2"});  // p3 has no image left
  DatasetOptions plain = options;
  plain.memory_limit = 0;
  const FaceDataset fresh(index, nullptr, plain);
  CHECK(fresh.memory() == 0);
  for (std::size_t i = 0; i < 5; ++i) CHECK(fresh.face(i) == dataset.face(i));
}

TEST_CASE("a face is what one warp of the photograph gives") {
  const test::ScratchFolder folder;
  make_people(folder.path(), 2, 2);
  const FolderIndex index = index_folder(folder.path());
  LandmarkTable landmarks;
  for (const auto& entry : index.images) landmarks[entry.file] = {20, 20, 42, 22, 30, 31, 22, 41, 39, 42};
  DatasetOptions options;
  options.size = 48;
  options.face_template = arcface_template(48);
  const FaceDataset dataset(index, &landmarks, options);
  const Image photograph = Image::open(index.path(1));
  const Affine map = alignment(landmarks.at(index.images[1].file), *options.face_template);
  CHECK(dataset.face(1) == warp(photograph, map, 48, 48));
  landmarks.erase(index.images[2].file);
  CHECK_THROWS_WITH(FaceDataset(index, &landmarks, options), Contains("no row in the landmarks file"));
  CHECK_THROWS_AS(FaceDataset(index, nullptr, options), InvalidArgument);
  options.face_template = arcface_template(96);
  CHECK_THROWS_AS(FaceDataset(index, &landmarks, options), InvalidArgument);
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(FaceDataset(index, nullptr, {.size = 48}, {}, stop.get_token()), Interrupted);
}

TEST_CASE("faces that are not square") {
  const test::ScratchFolder folder;
  make_people(folder.path(), 2, 2);
  const FolderIndex index = index_folder(folder.path());
  const PixelSize tall(24, 40);
  const FaceDataset dataset(index, nullptr, {.size = tall});
  const Image photograph = Image::open(index.path(0));
  const Affine map = centre_crop_map({photograph.width(), photograph.height()}, 1, tall);
  CHECK(dataset.face(0) == warp(photograph, map, 24, 40));
  Augmentation strong;
  strong.erase = strong.low_resolution = strong.flip = 1;
  std::vector<std::uint8_t> pixels(std::size_t{24} * 40 * 3 + 1, 7);
  for (std::uint64_t i = 0; i < 50; ++i) {
    const AugmentationDraw draw = draw_augmentation(strong, tall, Random(3, i));
    CHECK(draw.erase_x + draw.erase_width <= 24);
    CHECK(draw.erase_y + draw.erase_height <= 40);
    dataset.render(0, draw, pixels.data());
    CHECK(pixels.back() == 7);
  }
}

TEST_CASE("augmentation: nothing changes nothing, a flip mirrors, draws repeat and differ") {
  const Augmentation none = Augmentation::none();
  const AugmentationDraw draw = draw_augmentation(none, 32, Random(4));
  CHECK(draw.map.a == Approx(1));
  CHECK(draw.map.c == Approx(0).margin(1e-9));
  CHECK_FALSE(draw.recolour);
  CHECK(draw.erase_width == 0);
  Augmentation flip = none;
  flip.flip = 1;
  const AugmentationDraw mirrored = draw_augmentation(flip, 32, Random(4));
  CHECK(mirrored.map(0, 3)[0] == Approx(31));
  CHECK(mirrored.map(0, 3)[1] == Approx(3));
  Augmentation strong;
  strong.erase = 1;
  strong.low_resolution = 1;
  int differing = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const AugmentationDraw a = draw_augmentation(strong, 96, Random(1, i));
    const AugmentationDraw b = draw_augmentation(strong, 96, Random(1, i));
    CHECK(a.map.a == b.map.a);
    CHECK(a.colour == b.colour);
    CHECK(a.erase_x + a.erase_width <= 96);
    CHECK(a.erase_y + a.erase_height <= 96);
    CHECK(a.low_resolution >= strong.smallest);
    CHECK(a.map.scale() <= 1.081);
    differing += a.map.a != draw_augmentation(strong, 96, Random(2, i)).map.a ? 1 : 0;
  }
  CHECK(differing > 45);
  strong.flip = 1.5;
  CHECK_THROWS_AS(draw_augmentation(strong, 96, Random(1)), InvalidArgument);
  AugmentationDraw gray;
  gray.recolour = true;
  Augmentation no_colour = none;
  no_colour.grayscale = 1;
  gray = draw_augmentation(no_colour, 1, Random(1));
  std::uint8_t pixel[3] = {200, 100, 50};
  apply_colour_and_erase(gray, 1, pixel);
  CHECK(int{pixel[0]} == 124);
  CHECK((pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

TEST_CASE("a loader gives the same batches with 1, 2 and 3 threads, and from a later step") {
  const test::ScratchFolder folder;
  make_people(folder.path(), 6, 4);
  const FaceDataset dataset(index_folder(folder.path()), nullptr, {.size = 24});
  const IdentitySampler sampler(dataset.index().labels(), {.people_per_batch = 3, .images_per_person = 2});
  const Augmentation augmentation;
  std::vector<FaceBatch> expected;
  for (int step = 0; step < 12; ++step) expected.push_back(make_batch(dataset, sampler, augmentation, 7, step));
  CHECK(expected[0].pixels != expected[1].pixels);
  for (int threads = 1; threads <= 3; ++threads) {
    for (const int first : {0, 5}) {
      PrefetchingLoader loader(dataset, sampler, augmentation, {.seed = 7, .first_step = first, .threads = threads});
      for (int step = first; step < 12; ++step) {
        const FaceBatch batch = loader.next();
        CHECK(batch.step == step);
        CHECK(batch.images == expected[static_cast<std::size_t>(step)].images);
        CHECK(batch.labels == expected[static_cast<std::size_t>(step)].labels);
        CHECK(batch.pixels == expected[static_cast<std::size_t>(step)].pixels);
      }
    }
  }
}

TEST_CASE("what goes wrong in a loader's thread reaches the consumer; an unused loader stops cleanly") {
  const test::ScratchFolder folder;
  make_people(folder.path(), 3, 2);
  const FaceDataset dataset(index_folder(folder.path()), nullptr, {.size = 24, .memory_limit = 0});
  const IdentitySampler sampler(dataset.index().labels(), {.people_per_batch = 3, .images_per_person = 2});
  { PrefetchingLoader unused(dataset, sampler, {}, {.threads = 2}); }
  fs::remove(folder / "p1/0.png");
  PrefetchingLoader loader(dataset, sampler, {}, {.threads = 2});
  CHECK_THROWS_AS(loader.next(), IoError);
  CHECK_THROWS_AS(loader.next(), IoError);
  CHECK_THROWS_AS(PrefetchingLoader(dataset, sampler, {}, {.threads = 0}), InvalidArgument);
}

TEST_CASE("photographs: an augmented face costs a fraction of a millisecond", "[.speed]") {
  const auto data = test::shared_data();
  if (!data) return;
  FolderIndex index = index_folder(*data / "lfw/images");
  index.images.resize(1500);
  const LandmarkTable landmarks = read_landmarks(*data / "lfw/landmarks.csv");
  DatasetOptions options;
  options.face_template = arcface_template(96);
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto seconds = [](auto span) { return std::chrono::duration<double>(span).count(); };
  auto start = now();
  const FaceDataset dataset(index, &landmarks, options);
  std::fprintf(stderr, "loading: %.3f ms an image, %.1f MB for %zu images\n",
               1e3 * seconds(now() - start) / static_cast<double>(dataset.size()),
               static_cast<double>(dataset.memory()) / 1e6, dataset.size());
  Image out(96, 96);
  for (const bool augmented : {false, true}) {
    start = now();
    const Augmentation settings = augmented ? Augmentation{} : Augmentation::none();
    for (std::size_t i = 0; i < 6000; ++i) {
      dataset.render(i % dataset.size(), draw_augmentation(settings, 96, Random(1, i)), out.data());
    }
    std::fprintf(stderr, "%s: %.4f ms a face\n", augmented ? "augmented" : "plain",
                 1e3 * seconds(now() - start) / 6000);
  }
}
