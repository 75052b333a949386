// Recognizer: detector, then the faces as the contract wants them, embedder.
#include <facenet/recognizer.hpp>

#include <facenet/error.hpp>

namespace facenet {

struct Recognizer::Impl {
  Impl(Model model, std::shared_ptr<FaceDetector> d, const EmbedderOptions& options)
      : detector(std::move(d)), embedder(std::move(model), options) {
    if (!detector) throw InvalidArgument("a recognizer needs a detector");
    const ModelContract& contract = embedder.model().contract();
    if (!contract.template_points && !contract.margin) {
      throw InvalidArgument(
          "the model was not trained on detected faces: it has no template to bring the faces of a photograph to, and "
          "no margin to cut them out with");
    }
  }

  std::vector<RecognizedFace> recognize(const Image& photograph) {
    std::vector<RecognizedFace> faces;
    std::vector<Image> crops;
    const bool aligned = embedder.model().contract().template_points.has_value();
    for (auto& found : detector->detect(photograph)) {
      if (aligned && found.landmarks == Landmarks{}) {
        throw InvalidArgument("the model aligns faces by five points, and the detector gives none");
      }
      try {
        crops.push_back(embedder.prepare(photograph, found));
      } catch (const InvalidArgument&) {
        continue;  // five points in one are no face, nor is a box beside the photograph
      }
      faces.push_back({std::move(found), {}, 0});
    }
    if (crops.empty()) return faces;
    const Embeddings rows = embedder.embed(crops);
    for (std::size_t i = 0; i < faces.size(); ++i) {
      faces[i].embedding.assign(rows[i].begin(), rows[i].end());
      faces[i].norm = embedder.norms()[i];
      embedder.judge(faces[i], faces[i].norm);
    }
    return faces;
  }

  std::shared_ptr<FaceDetector> detector;
  Embedder embedder;
};

Recognizer::Recognizer(Model model, Detector detector, const EmbedderOptions& options)
    : Recognizer(std::move(model), std::make_shared<Detector>(std::move(detector)), options) {}
Recognizer::Recognizer(Model model, std::shared_ptr<FaceDetector> detector, const EmbedderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), std::move(detector), options)) {}
Recognizer::~Recognizer() = default;
Recognizer::Recognizer(Recognizer&&) noexcept = default;
Recognizer& Recognizer::operator=(Recognizer&&) noexcept = default;

std::vector<RecognizedFace> Recognizer::recognize(const Image& photograph) { return impl_->recognize(photograph); }
const Model& Recognizer::model() const { return impl_->embedder.model(); }
const FaceDetector& Recognizer::detector() const { return *impl_->detector; }

}  // namespace facenet
