// Training: what it refuses before it begins.
#include <facenet/train/training.hpp>

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"

namespace facenet {

TEST_CASE("a training without an end, or with nothing to train, is refused") {
  const test::ScratchFolder folder;
  generate_dataset(folder / "faces", {.people = 3, .images = 2, .size = 64});
  const TrainingData data{folder / "faces", {}, {}};
  const Model start = Model::create("tiny");
  TrainingOptions options;
  options.steps = 3;
  options.people_per_batch = 3;
  options.images_per_person = 2;
  Training training(start, data, options);
  training.step();
  training.save_checkpoint(folder / "c");
  CHECK(Training::resume(folder / "c", data).steps() == 1);
  CHECK(Training::resume(folder / "c", data, 5).options().steps == 5);
  CHECK_THROWS_AS(Training::resume(folder / "c", data, 0), InvalidArgument);
  CHECK_THROWS_AS(Training::resume(folder / "c", data, -1), InvalidArgument);
  CHECK_THROWS_AS(Training::resume(folder / "c", data, {}, std::numeric_limits<double>::quiet_NaN()), InvalidArgument);

  options.freeze = "*";
  CHECK_THROWS_WITH(Training(start, data, options), test::Contains("nothing to train"));
}

TEST_CASE("a resumed training computes in what was chosen when it began") {
  const test::ScratchFolder folder;
  generate_dataset(folder / "faces", {.people = 3, .images = 2, .size = 64});
  const TrainingData data{folder / "faces", {}, {}};
  TrainingOptions options;
  options.steps = 3;
  options.people_per_batch = 3;
  options.images_per_person = 2;
  REQUIRE(options.precision == "automatic");
  Training training(Model::create("tiny"), data, options);
  training.save_checkpoint(folder / "c");
  // As if f32 had been the faster one then. JSON within JSON, of the same length.
  const std::string bf16 = R"(\"precision\":\"bf16\")", f32 = R"(\"precision\":\"f32\")";
  const auto bytes = read_file(folder / "c", std::uint64_t{1} << 30U);
  std::string text(bytes.begin(), bytes.end());
  for (auto at = text.find(bf16); at != std::string::npos; at = text.find(bf16, at)) {
    text.replace(at, bf16.size(), R"(\"precision\": \"f32\")");
  }
  std::ofstream(folder / "c", std::ios::binary) << text;
  Training::resume(folder / "c", data).save_checkpoint(folder / "d");
  const auto again = read_file(folder / "d", std::uint64_t{1} << 30U);
  const std::string resumed(again.begin(), again.end());
  CHECK(resumed.find(f32) != std::string::npos);
  CHECK(resumed.find(bf16) == std::string::npos);
  CHECK(Training::resume(folder / "d", data).options().precision == "automatic");
}

}  // namespace facenet
