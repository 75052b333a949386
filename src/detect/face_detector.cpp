// FaceDetector: what a detector has found is checked, and told from the photograph what it does not say itself.
#include "detect/face_detector.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "detect/quality.hpp"

namespace facenet {
namespace {

float area(const DetectedFace& face) { return (face.box[2] - face.box[0]) * (face.box[3] - face.box[1]); }

void check(const DetectedFace& face) {
  const auto finite = [](float value) { return std::isfinite(value); };
  const auto& b = face.box;
  if (!std::all_of(b.begin(), b.end(), finite) || !(b[0] < b[2] && b[1] < b[3])) {
    throw InvalidArgument("a detector gave a face whose box has no area: it is to be x1, y1, x2, y2 in pixels");
  }
  if (!std::all_of(face.landmarks.begin(), face.landmarks.end(), finite)) {
    throw InvalidArgument("a detector gave a face whose landmarks are not finite");
  }
  if (!(face.confidence >= 0 && face.confidence <= 1)) {
    throw InvalidArgument("a detector gave a face whose confidence is not between 0 and 1");
  }
  if (face.turned < 0 || face.turned > 270 || face.turned % 90 != 0) {
    throw InvalidArgument("a detector gave a face that is turned by " + std::to_string(face.turned) +
                          " degrees: 0, 90, 180 and 270 there are");
  }
}

bool cut_off(const DetectedFace& face, const Image& image) {
  const auto visible = [](float low, float high, int extent) {
    return std::max(0.0F, std::min(high, static_cast<float>(extent)) - std::max(low, 0.0F));
  };
  const float inside =
      visible(face.box[0], face.box[2], image.width()) * visible(face.box[1], face.box[3], image.height());
  return inside < 0.9F * area(face);
}

}  // namespace

void detect::sort_by_size(std::vector<DetectedFace>& faces) {
  std::stable_sort(faces.begin(), faces.end(),
                   [](const DetectedFace& a, const DetectedFace& b) { return area(a) > area(b); });
}

FaceDetector::~FaceDetector() = default;

std::vector<DetectedFace> FaceDetector::detect(const Image& photograph) {
  if (photograph.empty()) throw InvalidArgument("an image without pixels has no faces");
  auto faces = find(photograph);
  for (DetectedFace& face : faces) {
    check(face);
    face.quality = detect::quality_of(photograph, face.landmarks, face.confidence);
    face.cut_off = cut_off(face, photograph);
    const bool seen = face.landmarks != Landmarks{};
    face.tiny = seen && face.quality.size < 0.3F;
    face.blurred = seen && face.quality.sharpness < 0.3F;
  }
  detect::sort_by_size(faces);
  return faces;
}

}  // namespace facenet
