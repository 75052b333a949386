// Training: what it refuses before it begins.
#include <facenet/train/training.hpp>

#include <limits>
#include <string>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "io/model_file.hpp"

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
  // As if f32 had been the faster one then.
  const std::string bf16 = R"("precision":"bf16")", f32 = R"("precision":"f32")";
  LoadedModel checkpoint = load_model(folder / "c");
  auto& state = checkpoint.extras.state;
  if (const auto at = state.find(bf16); at != std::string::npos) state.replace(at, bf16.size(), f32);
  REQUIRE(state.find(f32) != std::string::npos);
  save_model(folder / "c", checkpoint.model, checkpoint.extras);
  Training::resume(folder / "c", data).save_checkpoint(folder / "d");
  CHECK(load_model(folder / "d").extras.state.find(f32) != std::string::npos);
  CHECK(Training::resume(folder / "d", data).options().precision == "automatic");
}

}  // namespace facenet
