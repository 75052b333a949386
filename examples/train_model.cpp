// Training: a few steps of the triplet loss, watched as they go, stopped and resumed from a checkpoint.
//
//   example_train_model [FOLDER MODEL STEPS]    FOLDER/person/image; without arguments: generated faces, 6 steps
#include <facenet/facenet.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

int main(int argc, char** argv) try {
  if (argc != 1 && argc != 4) {
    std::fprintf(stderr, "give a folder of people, where the model goes, and a number of steps, or nothing\n");
    return 2;
  }
  const std::filesystem::path own = "example_train_model.tmp";
  facenet::TrainingData data;
  data.folder = argc > 1 ? std::filesystem::path(argv[1]) : own / "faces";
  if (argc == 1) {
    facenet::generate_dataset(data.folder, {.people = 12, .images = 6, .size = 80});
    data.landmarks = data.folder / "landmarks.csv";  // with landmarks, faces are aligned
  }
  std::filesystem::create_directories(own);

  // What is not said here is as in the paper.
  facenet::TrainingOptions options;
  options.steps = argc > 1 ? std::atoi(argv[3]) : 6;
  options.people_per_batch = 6;
  options.images_per_person = 4;
  options.optimizer = "adam";
  options.learning_rate = 0.001F;
  options.schedule = "cosine";

  // A Training belongs to one thread. Here it stops half way, as if interrupted ...
  const std::filesystem::path checkpoint = own / "half.checkpoint";
  {
    facenet::Training training(facenet::Model::create("tiny"), data, options);
    while (training.steps() < options.steps / 2) {
      const facenet::TrainingStep step = training.step();
      std::printf("step %lld: loss %.4f, d(a,p) %.3f, d(a,n) %.3f, %s\n", static_cast<long long>(step.step), step.loss,
                  step.distance_positive, step.distance_negative, step.health.c_str());
      if (!step.explanation.empty()) std::printf("  %s\n", step.explanation.c_str());
    }
    training.save_checkpoint(checkpoint);
  }
  // ... and goes on, to the same weights as if it had not.
  facenet::Training training = facenet::Training::resume(checkpoint, data);
  while (!training.done()) training.step();

  const facenet::Model model = training.model();
  std::printf("%zu faces of %zu people, %lld steps, fingerprint %.12s\n", training.images(), training.people(),
              static_cast<long long>(training.steps()), model.fingerprint().c_str());
  if (argc > 2) model.save(argv[2]);
  std::filesystem::remove_all(own);
  return 0;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
