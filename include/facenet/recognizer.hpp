// Recognizer: a photograph in, its faces out, each with box, points, quality and embedding.
#pragma once

#include <memory>
#include <vector>

#include <facenet/detector.hpp>
#include <facenet/embedder.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// A face of a photograph, as the detector found it, and its embedding.
struct RecognizedFace : DetectedFace {
  std::vector<float> embedding;  ///< [D], see Embedder
  float norm = 0;                ///< its length before normalisation: part of the quality where the model is calibrated
};

/// Detector, alignment (or cutting out, as the model's contract says) and Embedder in one call. Mutable: one for each
/// thread; others of the same model and detector (`Detector::with`) share networks and plans. Costs what the two cost.
/// Any FaceDetector will do.
class FACENET_API Recognizer {
 public:
  /// InvalidArgument when the model was not trained on detected faces (its contract has neither template nor margin),
  /// an option is out of range, or there is no detector.
  Recognizer(Model model, Detector detector, const EmbedderOptions& options = {});
  /// With a detector of yours, of which you may keep a share.
  Recognizer(Model model, std::shared_ptr<FaceDetector> detector, const EmbedderOptions& options = {});
  ~Recognizer();
  Recognizer(Recognizer&&) noexcept;
  Recognizer& operator=(Recognizer&&) noexcept;

  /// The faces that the detector's options ask for, the largest first; none where it finds none: the photograph itself
  /// is never embedded instead. InvalidArgument for an image without pixels, and where the model aligns faces and the
  /// detector gives no landmarks.
  std::vector<RecognizedFace> recognize(const Image& photograph);

  const Model& model() const;
  const FaceDetector& detector() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace facenet
