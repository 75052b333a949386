// Verifier: is this the same person? And where the threshold comes from: from pairs whose truth is known.
//
//   example_verify_two_faces [MODEL A B]        without arguments: generated faces, a network that has learnt nothing
#include <facenet/facenet.hpp>

#include <cstdio>
#include <vector>

namespace {

// A copy of the model with a calibration: a threshold, and a probability for each distance. Two images each of people
// that the model was not trained on give a same pair for each person, and a different pair for each two of them.
facenet::Model calibrated(const facenet::Model& model) {
  constexpr std::size_t kPeople = 30;
  std::vector<facenet::Image> images;
  for (std::size_t i = 0; i < 2 * kPeople; ++i) images.push_back(facenet::generate_face(100 + i / 2, i % 2, 80).image);
  const facenet::Embeddings embeddings = facenet::Embedder(model).embed(images);

  std::vector<facenet::ScoredPair> pairs;
  for (std::size_t a = 0; a < images.size(); ++a) {
    for (std::size_t b = a + 1; b < images.size(); ++b) {
      pairs.push_back({facenet::squared_distance(embeddings[a], embeddings[b]), a / 2 == b / 2});
    }
  }
  // Accept at most one in a hundred pairs of different people.
  return model.with_calibration(facenet::calibrate(pairs, "generated faces of 30 people", /*far=*/0.01));
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
  return verdict.same == (verdict.distance <= verdict.threshold) ? 0 : 1;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
