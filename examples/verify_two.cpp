// Verifier: is this the same person? And where the threshold comes from: from pairs whose truth is known.
//
//   example_verify_two [MODEL A B]        without arguments: generated faces, a network that has learnt nothing
#include <facenet/facenet.hpp>

#include <cstdio>
#include <vector>

namespace {

// A copy of the model with a calibration: a threshold, and a probability for each distance. Two images each of people
// that the model was not trained on give a same pair for each person, and different pairs for each two of them.
facenet::Model calibrated(const facenet::Model& model) {
  std::vector<facenet::Image> images;
  std::vector<std::int32_t> people;
  for (int i = 0; i < 60; ++i) {
    people.push_back(i / 2);
    images.push_back(facenet::generate_face(100 + i / 2, i % 2, 80).image);
  }
  const auto pairs = facenet::PairDistances::of_people(facenet::Embedder(model).embed(images), people);
  // Accept at most one in a hundred pairs of different people.
  return model.with_calibration(facenet::Verifier::calibrate(pairs, "generated faces of 30 people", /*far=*/0.01));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 1 && argc != 4) {
    std::fprintf(stderr, "give a model and two images, or nothing\n");
    return 2;
  }
  const facenet::Model model =
      argc == 4 ? facenet::Model::load(argv[1]) : calibrated(facenet::Model::create("tiny", {.seed = 3}));
  const facenet::Image a = argc == 4 ? facenet::Image::open(argv[2]) : facenet::generate_face(1, 1, 80).image;
  const facenet::Image b = argc == 4 ? facenet::Image::open(argv[3]) : facenet::generate_face(2, 1, 80).image;

  // Without a calibration this throws, and says how to get one: there is no threshold that is right for all models.
  const facenet::Verifier verifier(model.calibration());

  facenet::Embedder embedder(model);
  const facenet::Verdict verdict = verifier.verify(embedder.embed(a), embedder.embed(b));
  std::printf("%s\n", verdict.same ? "the same person" : "different people");
  std::printf("squared distance %.4f, threshold %.4f\n", static_cast<double>(verdict.distance),
              static_cast<double>(verdict.threshold));
  std::printf("the threshold: %s\n", verdict.threshold_from.c_str());
  if (verdict.probability) std::printf("probability of the same person %.2f\n", *verdict.probability);
  return 0;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
