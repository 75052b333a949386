// Recognizer: detector, alignment, embedder.
#include <facenet/recognizer.hpp>

#include <facenet/error.hpp>

namespace facenet {

struct Recognizer::Impl {
  Impl(Model model, Detector d, const EmbedderOptions& options)
      : detector(std::move(d)), embedder(std::move(model), options) {
    if (!embedder.model().contract().template_points) {
      throw InvalidArgument(
          "the model was not trained on aligned faces: it has no template to bring the faces of a photograph to");
    }
  }

  std::vector<RecognizedFace> recognize(const Image& photograph) {
    std::vector<RecognizedFace> faces;
    std::vector<Image> crops;
    for (auto& found : detector.detect(photograph)) {
      try {
        crops.push_back(embedder.prepare(photograph, found.landmarks));
      } catch (const InvalidArgument&) {
        continue;  // five points in one are no face
      }
      faces.push_back({std::move(found), {}, 0});
    }
    if (crops.empty()) return faces;
    const Embeddings rows = embedder.embed(crops);
    for (std::size_t i = 0; i < faces.size(); ++i) {
      faces[i].embedding.assign(rows[i].begin(), rows[i].end());
      faces[i].norm = embedder.norms()[i];
    }
    return faces;
  }

  Detector detector;
  Embedder embedder;
};

Recognizer::Recognizer(Model model, Detector detector, const EmbedderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(model), std::move(detector), options)) {}
Recognizer::~Recognizer() = default;
Recognizer::Recognizer(Recognizer&&) noexcept = default;
Recognizer& Recognizer::operator=(Recognizer&&) noexcept = default;

std::vector<RecognizedFace> Recognizer::recognize(const Image& photograph) { return impl_->recognize(photograph); }
const Model& Recognizer::model() const { return impl_->embedder.model(); }
const Detector& Recognizer::detector() const { return impl_->detector; }

}  // namespace facenet
