// From photographs to faces, each with a box, five points, a confidence and a quality: by Detector, or by one of yours.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <facenet/export.hpp>
#include <facenet/image.hpp>

namespace facenet {

/// Which of a photograph's faces are wanted.
enum class FaceChoice : std::uint8_t {
  all,      ///< the largest first
  largest,  ///< the one with the largest box
  centre,   ///< the one whose box's centre is nearest to the photograph's
};

/// What is looked for, how hard, and which of it is given.
struct DetectorOptions {
  /// Pixels: the side of the smallest face that is looked for, at least 12. Half the size takes four times as long, and
  /// finds more that is no face.
  int minimum_size = 40;
  /// A candidate goes on when its probability is above this, after each of the three networks.
  std::array<float, 3> thresholds{0.6F, 0.7F, 0.7F};
  /// From one size of the pyramid to the next, 0.1 to 0.95: larger finds a little more and takes longer.
  float factor = 0.709F;
  int maximum_faces = 0;  ///< the largest of them; 0: as many as there are
  FaceChoice choice = FaceChoice::all;
  /// Where no upright face is found, look at the photograph turned by 90, 180 and 270 degrees.
  bool turned = true;
  int threads = 0;  ///< 0: all that this process may use
};

/// How good a picture of a face is, to choose the best of several or to leave the worst out: 0 to 1.
struct FaceQuality {
  /// confidence * cube root of size * sharpness * pose; times the square of `norm`, where that is known, which predicts
  /// mistakes better: compare scores of one kind and of one model.
  float score = 0;
  /// Pixels of the photograph along a side of an aligned 112x112 crop, divided by 112; at most 1.
  float size = 0;
  /// What a blur takes away: 2 * (1 - d(blurred) / d), at most 1, of the face's middle in the aligned crop, where d is
  /// the mean absolute difference of neighbouring pixels, and the blur a mean of 5x5. A flat or blurred face has
  /// little to lose: about 0.
  float sharpness = 0;
  /// 1 - r / 0.35, at least 0, where r is how far (root mean square, in distances between the eyes) the five points lie
  /// from those of a face seen from the front, best fit: 1 from the front, 0 in profile. Turning the photograph
  /// changes nothing.
  float pose = 0;
  /// What the network thinks of it: how long the embedding was before it was brought to unit length, divided by the
  /// length that a twentieth of the faces calibrated on exceed (Calibration::norm); at most 1, whatever the network's
  /// scale. Known of embedded faces (Recognizer, Embedder::judge) of a model whose calibration has such a length.
  std::optional<float> norm{};
};

/// A face of a photograph.
struct DetectedFace {
  /// x1, y1, x2, y2 in pixels of the photograph; reaches beyond it where the face is cut off.
  std::array<float, 4> box{};
  /// As a viewer sees the face upright: if it stands on its head in the photograph, "left" is on the right there.
  Landmarks landmarks{};
  float confidence = 0;  ///< of a detector that this is a face, 0 to 1: of MTCNN the last network's probability
  FaceQuality quality{};
  /// Degrees, clockwise, by which the photograph had to be turned for the face to be found: 0, 90, 180, 270.
  int turned = 0;
  bool cut_off = false;  ///< a tenth or more of the box lies beyond the photograph
  bool tiny = false;     ///< quality.size below 0.3: 34 pixels where a network wants 112
  bool blurred = false;  ///< quality.sharpness below 0.3
};

/// What finds faces in photographs. Derive from it to bring a detector of your own, or boxes that are known already, to
/// Recognizer: `find` is all that it takes. Mutable: one for each thread.
class FACENET_API FaceDetector {
 public:
  virtual ~FaceDetector();
  /// The faces that `find` gives, with their quality and what follows from it, the largest first; empty when there is
  /// none. InvalidArgument for an image without pixels, and when `find` gives a box without an area, a number that is
  /// not finite, a confidence beyond 0 to 1 or a turn that is none.
  std::vector<DetectedFace> detect(const Image& photograph);

 protected:
  FaceDetector() = default;
  FaceDetector(const FaceDetector&) = default;
  FaceDetector& operator=(const FaceDetector&) = default;

  /// Faces in any order with `box`, `landmarks` and `confidence`, and `turned` where the photograph was; the rest is
  /// not looked at. The photograph has pixels. Landmarks that are not known stay 0: such faces have quality 0, and do
  /// for networks that were trained on boxes (ModelContract::margin).
  virtual std::vector<DetectedFace> find(const Image& photograph) = 0;
};

/// Finds faces by MTCNN (Zhang et al., IEEE Signal Processing Letters 2016) as the Python package facenet-pytorch runs
/// it; results agree with it up to rounding. No face, no result: nothing is ever made up. A drawing that looks enough
/// like a face counts as one: `confidence` is all that tells.
///
/// Mutable: one for each thread; `with` gives further ones that share the networks and compiled plans. The same image
/// and options give the same result each time, at any number of threads up to rounding. Costs of a photograph: time in
/// proportion to its pixels over minimum_size squared, and memory for its pyramid.
class FACENET_API Detector final : public FaceDetector {
 public:
  /// Reads a detector file. FormatError when it is none or damaged; IoError; InvalidArgument when an option is out of
  /// range.
  static Detector load(const std::filesystem::path& path, const DetectorOptions& options = {});
  /// Reads the files pnet.pt, rnet.pt and onet.pt of facenet-pytorch (MIT licence), which lie in one folder.
  /// FormatError when one is not what it should be; IoError.
  static Detector import_mtcnn(const std::filesystem::path& folder, const DetectorOptions& options = {});
  /// The detector file that `load` reads, written whole or not at all. IoError when it cannot be written.
  void save(const std::filesystem::path& path) const;

  ~Detector() override;
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  /// Another detector on the same networks. InvalidArgument when an option is out of range.
  Detector with(const DetectorOptions& options) const;

  const DetectorOptions& options() const;
  const std::string& licence() const;     ///< of the weights
  const std::string& data_notes() const;  ///< where they come from

 protected:
  /// All faces, or those chosen by the options.
  std::vector<DetectedFace> find(const Image& photograph) override;

 private:
  struct Impl;
  explicit Detector(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace facenet
