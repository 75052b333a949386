// Tests of a model on a folder of people it was not trained on, and its calibration there.
#include <algorithm>

#include <facenet/embedder.hpp>
#include <facenet/evaluation.hpp>

#include "api/training_data.hpp"
#include "base/files.hpp"
#include "base/threads.hpp"

namespace facenet {

struct PeopleTest::Faces {
  FaceDataset dataset;
  std::string text;
  PeopleTestOptions options;

  std::vector<ScoredPair> pairs(const Model& model, std::vector<float>* norms = nullptr) const {
    const ThreadScope scope(options.threads > 0 ? options.threads : available_threads());
    Embedder embedder(model, {.threads = options.threads, .flip = options.flip});
    Embeddings embeddings;
    constexpr std::size_t kPart = 256;  // images in memory at a time
    const bool worse = options.degradation.pixels > 0 || options.degradation.jpeg_quality > 0;
    for (std::size_t begin = 0; begin < dataset.size(); begin += kPart) {
      std::vector<Image> faces(std::min(kPart, dataset.size() - begin));
      parallel_for(static_cast<std::int64_t>(faces.size()), [&](std::int64_t at) {
        const auto i = static_cast<std::size_t>(at);
        faces[i] = dataset.face(begin + i);
        if (worse) faces[i] = degraded(faces[i], options.degradation);
      });
      const Embeddings part = embedder.embed(faces);
      embeddings.dimension = part.dimension;
      if (norms != nullptr) norms->insert(norms->end(), embedder.norms().begin(), embedder.norms().end());
      embeddings.values.insert(embeddings.values.end(), part.values.begin(), part.values.end());
    }
    // Many different pairs: a low false accept rate can only be read off where there are many chances of one.
    return pairs_of_people(embeddings, dataset.index().labels(), 1, 3000, 10);
  }
};

PeopleTest::PeopleTest(const Model& model, const TrainingData& data, const PeopleTestOptions& options) {
  const ThreadScope scope(options.threads > 0 ? options.threads : available_threads());
  faces_ = std::make_unique<Faces>(Faces{open_dataset(model_data(model), data, {}, {}), {}, options});
  faces_->text = std::to_string(faces_->dataset.size()) + " faces of " +
                 std::to_string(faces_->dataset.index().people.size()) + " people in '" + printable(data.folder) + "'";
}
PeopleTest::~PeopleTest() = default;
PeopleTest::PeopleTest(PeopleTest&&) noexcept = default;
PeopleTest& PeopleTest::operator=(PeopleTest&&) noexcept = default;

Verification PeopleTest::run(const Model& model) const { return evaluate_verification(faces_->pairs(model)); }

Calibration PeopleTest::calibrate(const Model& model, std::optional<double> far) const {
  std::vector<float> norms;
  const auto pairs = faces_->pairs(model, &norms);
  const auto different = std::count_if(pairs.begin(), pairs.end(), [](const ScoredPair& p) { return !p.same; });
  const bool supported = far && static_cast<double>(different) * *far >= 1;
  Calibration calibration = Verifier::calibrate(pairs, faces_->text, supported ? far : std::nullopt);
  calibration.norm = reference_norm(norms);
  return calibration;
}

Calibration calibrate_on_people(const Model& model, const TrainingData& data, bool flip, std::optional<double> far,
                                int threads) {
  return PeopleTest(model, data, {.flip = flip, .threads = threads}).calibrate(model, far);
}

}  // namespace facenet
