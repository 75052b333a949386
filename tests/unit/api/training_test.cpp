// Training: what it refuses before it begins.
#include <facenet/train/training.hpp>

#include <limits>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

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

}  // namespace facenet
