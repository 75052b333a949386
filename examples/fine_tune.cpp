// Training: a model taught more about the people of a folder, watched as it goes, stopped and resumed from a
// checkpoint.
//
//   example_fine_tune [MODEL FOLDER OUT STEPS]    FOLDER/person/image; without arguments: generated faces, 6 steps
#include <facenet/facenet.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

int main(int argc, char** argv) try {
  if (argc != 1 && argc != 5) {
    std::fprintf(stderr, "give a model, a folder of people, where the new model goes and how many steps, or nothing\n");
    return 2;
  }
  const std::filesystem::path own = "example_fine_tune.tmp";
  const facenet::Model start = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  facenet::TrainingData data;
  data.folder = argc > 1 ? std::filesystem::path(argv[2]) : own / "faces";
  if (argc == 1) facenet::generate_dataset(data.folder, {.people = 12, .images = 6, .size = 80});
  const std::filesystem::path landmarks = data.folder / "landmarks.csv";
  if (std::filesystem::exists(landmarks)) data.landmarks = landmarks;  // faces are then aligned
  std::filesystem::create_directories(own);

  // What is not said here is as in the paper. A network that knows faces already takes small steps, and keeps its
  // running statistics, which few people would spoil.
  facenet::TrainingOptions options;
  options.steps = argc > 1 ? std::atoi(argv[4]) : 6;
  options.people_per_batch = 6;
  options.images_per_person = 4;
  options.optimizer = "adam";
  options.learning_rate = 0.0005F;
  options.schedule = "cosine";
  options.freeze_batch_norm = true;

  // A Training belongs to one thread. Here it stops half way, as if interrupted ...
  const std::filesystem::path checkpoint = own / "half.checkpoint";
  {
    facenet::Training training(start, data, options);
    while (training.steps() < options.steps / 2) {
      const facenet::TrainingStep step = training.step();
      std::printf("step %lld: loss %.4f, d(a,p) %.3f, d(a,n) %.3f, %s\n", static_cast<long long>(step.step), step.loss,
                  step.distance_positive, step.distance_negative, step.health.c_str());
    }
    training.save_checkpoint(checkpoint);
  }
  // ... and goes on, to the same weights as if it had not.
  facenet::Training training = facenet::Training::resume(checkpoint, data);
  while (!training.done()) training.step();

  if (argc > 3) training.model().save(argv[3]);  // a calibration does not outlive training: calibrate anew
  std::printf("%zu faces of %zu people, %lld steps\n", training.images(), training.people(),
              static_cast<long long>(training.steps()));
  std::filesystem::remove_all(own);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
