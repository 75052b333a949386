// Embedder: from images of faces to embeddings.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include <facenet/detector.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/image.hpp>
#include <facenet/model.hpp>
#include <facenet/precision.hpp>

namespace facenet {

/// Speed, memory and care of an Embedder.
struct EmbedderOptions {
  int threads = 0;    ///< 0: all that this process may use
  int batch = 32;     ///< images at a time, 1 to 1024: more are a little faster and take more memory
  bool flip = false;  ///< embed the mirror image too and average: takes twice as long, a little more accurate
  /// Compare embeddings of one precision with each other: those of f32 and of bf16 or f16 have a cosine of about
  /// 0.9999. f16 is not for networks whose values pass 65504: embeddings are then not finite. int8 wants a model
  /// prepared by Model::with_int8, and has a cosine of 0.99 and more with f32 (Model::int8 tells). automatic: bf16 or
  /// f16 where a measurement when the model's first plan is built finds it faster here, else f32. It may come out
  /// differently on another machine or day.
  Precision precision = Precision::f32;
  /// Embedder::open decodes a JPEG at 1/2, 1/4 or 1/8 of its size where the network's input shows it at half of that
  /// size or smaller: several times faster for photographs of many megapixels. Embeddings change a little (a cosine of
  /// 0.999 and more), and only of such photographs; with a build without libjpeg-turbo they do not.
  bool scaled_decoding = false;
  /// Layers that can be computed in several ways are, when the model's first plan for a batch is built, and take the
  /// fastest. That can be another one the next time, and embeddings then differ by rounding, within 1e-5 in each
  /// number. false: a fixed choice, with the same bits every time on one make of processor, and hardly slower.
  bool measured = false;
};

/// A file's face as the network sees it.
struct PreparedFace {
  Image image;                    ///< of the model's input size
  std::array<float, 4> region{};  ///< see Embedder::region
};

/// Computes embeddings with a model. Mutable: one for each thread; further ones of the same model share its weights and
/// compiled plans. Costs: memory for the activations of the batch sizes used, Model::multiply_adds for each image, and
/// nothing more to make another one. Embeddings of one image are the same to the bit each time it
/// is embedded alone, and within 1e-5 in each number whatever the batch it is part of (f32 and int8; within 5e-3 with
/// bf16 and f16).
///
/// An image of the model's input size goes in as it is. Any other becomes one as the model's contract says: with
/// landmarks aligned to the contract's template, without them the centred part, resized. All throw InvalidArgument for
/// an image without pixels, and for landmarks where the model has no template.
class FACENET_API Embedder {
 public:
  /// InvalidArgument when an option is out of range, or this processor does not compute with the precision.
  explicit Embedder(Model model, const EmbedderOptions& options = {});
  ~Embedder();
  Embedder(Embedder&&) noexcept;
  Embedder& operator=(Embedder&&) noexcept;

  /// [N,D] of N images, in their order. For progress and interruption call it with parts.
  Embeddings embed(std::span<const Image> images);
  /// The same, aligned: landmarks[i] are those of images[i], in its pixels.
  Embeddings embed(std::span<const Image> images, std::span<const Landmarks> landmarks);
  /// [D] of one image.
  std::vector<float> embed(const Image& image);
  std::vector<float> embed(const Image& image, const Landmarks& landmarks);

  /// [N] of the last call: how long each embedding was before it was brought to unit length (with `flip`, the mean of
  /// both). Networks tend to give short ones for what they can tell little about: blurred, dark or hidden faces; those
  /// of MagFace's kind are trained to. What is short depends on the network: compare norms of one model and precision
  /// only. 1 where nothing else can be known: with bf16.
  std::span<const float> norms() const;

  /// The quality of a face that was embedded, with the norm that `norms` gave for it: FaceQuality::norm and the score.
  /// As it was where the model's calibration has no norm to compare with, or the norm is not known (bf16).
  void judge(DetectedFace& face, float norm) const;

  /// What the network would see: an image of the model's input size.
  Image prepare(const Image& image) const;
  Image prepare(const Image& image, const Landmarks& landmarks) const;
  /// Of a face that a detector found, whichever way the contract says: aligned by its points, or cut out along its box
  /// and turned upright. `embed` takes the result as it is. InvalidArgument when the contract says neither.
  Image prepare(const Image& image, const DetectedFace& face) const;
  /// x1, y1, x2, y2 in pixels, from the image's left and top edges (0) to its right and bottom ones (width, height):
  /// the part of the image that `prepare` shows; of an aligned face, whose part may be turned, the upright box around
  /// it.
  std::array<float, 4> region(const Image& image) const;
  std::array<float, 4> region(const Image& image, const Landmarks& landmarks) const;
  /// Image::open, then both of these; with `scaled_decoding` faster.
  PreparedFace open(const std::filesystem::path& file) const;
  PreparedFace open(const std::filesystem::path& file, const Landmarks& landmarks) const;

  const Model& model() const;
  const EmbedderOptions& options() const;
  /// What it computes with: the option, or what automatic came out as.
  Precision precision() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace facenet
