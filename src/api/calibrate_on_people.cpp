// Calibration of a model on a folder of people.
#include <algorithm>

#include <facenet/embedder.hpp>
#include <facenet/evaluation.hpp>

#include "api/training_data.hpp"
#include "base/files.hpp"
#include "base/threads.hpp"

namespace facenet {

Calibration calibrate_on_people(const Model& model, const TrainingData& data, bool flip, std::optional<double> far,
                                int threads) {
  const ThreadScope scope(threads > 0 ? threads : available_threads());
  const FaceDataset dataset = open_dataset(model_data(model), data, {}, {});
  Embedder embedder(model, {.threads = threads, .flip = flip});
  Embeddings embeddings;
  constexpr std::size_t kPart = 256;  // images in memory at a time
  for (std::size_t begin = 0; begin < dataset.size(); begin += kPart) {
    std::vector<Image> faces;
    for (std::size_t i = begin; i < std::min(begin + kPart, dataset.size()); ++i) faces.push_back(dataset.face(i));
    const Embeddings part = embedder.embed(faces);
    embeddings.dimension = part.dimension;
    embeddings.values.insert(embeddings.values.end(), part.values.begin(), part.values.end());
  }
  // Many different pairs: a low false accept rate can only be read off where there are many chances of one.
  const auto pairs = pairs_of_people(embeddings, dataset.index().labels(), 1, 3000, 10);
  const std::string text = std::to_string(dataset.size()) + " faces of " +
                           std::to_string(dataset.index().people.size()) + " people in '" + printable(data.folder) +
                           "'";
  const auto different = std::count_if(pairs.begin(), pairs.end(), [](const ScoredPair& p) { return !p.same; });
  const bool supported = far && static_cast<double>(different) * *far >= 1;
  return calibrate(pairs, text, supported ? far : std::nullopt);
}

}  // namespace facenet
