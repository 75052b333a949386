// Detector: options, choice, photographs that are turned.
#include <facenet/detector.hpp>

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "data/geometry.hpp"
#include "detect/face_detector.hpp"
#include "detect/mtcnn.hpp"

namespace facenet {
namespace {

void check(const DetectorOptions& o) {
  if (o.minimum_size < 12 || o.minimum_size > Image::kMaxSide) {
    throw InvalidArgument("the minimum size of a face must be 12 pixels or more, not " +
                          std::to_string(o.minimum_size));
  }
  for (const float threshold : o.thresholds) {
    if (!(threshold > 0 && threshold < 1)) throw InvalidArgument("a detector's thresholds must be between 0 and 1");
  }
  if (!(o.factor >= 0.1F && o.factor <= 0.95F)) throw InvalidArgument("the factor must be between 0.1 and 0.95");
  if (o.maximum_faces < 0) throw InvalidArgument("the number of faces cannot be negative");
  if (o.threads < 0 || o.threads > 1024) throw InvalidArgument("threads must be between 0 and 1024");
}

// From a picture that was turned by `quarters` to the one of `width` x `height` before; `last` is 1 for the centres of
// pixels, 0 for edges.
std::array<float, 2> turned_back(std::array<float, 2> p, int quarters, int width, int height, float last) {
  const float w = static_cast<float>(width) - last;
  const float h = static_cast<float>(height) - last;
  switch (quarters) {
    case 1:
      return {p[1], h - p[0]};
    case 2:
      return {w - p[0], h - p[1]};
    case 3:
      return {w - p[1], p[0]};
    default:
      return p;
  }
}

float distance_from_centre(const DetectedFace& face, const Image& image) {
  return std::hypot((face.box[0] + face.box[2] - static_cast<float>(image.width())) / 2,
                    (face.box[1] + face.box[3] - static_cast<float>(image.height())) / 2);
}

DetectedFace face_of(const detect::Found& found, const Image& image, int quarters) {
  DetectedFace face;
  face.turned = 90 * quarters;
  face.confidence = found.candidate.score;
  const auto back = [&](float x, float y, float last) {
    return turned_back({x, y}, quarters, image.width(), image.height(), last);
  };
  const auto& b = found.candidate.box;
  const auto one = back(b[0], b[1], 0);
  const auto two = back(b[2], b[3], 0);
  face.box = {std::min(one[0], two[0]), std::min(one[1], two[1]), std::max(one[0], two[0]), std::max(one[1], two[1])};
  for (std::size_t i = 0; i < face.landmarks.size(); i += 2) {
    const auto point = back(found.landmarks[i], found.landmarks[i + 1], 1);
    face.landmarks[i] = point[0];
    face.landmarks[i + 1] = point[1];
  }
  return face;
}

}  // namespace

struct Detector::Impl {
  Impl(std::shared_ptr<const detect::Networks> n, const DetectorOptions& o)
      : networks(std::move(n)), options(o), mtcnn(networks, o) {
    check(o);
  }

  std::vector<DetectedFace> faces_in(const Image& image) {
    std::vector<DetectedFace> faces;
    Image picture;
    for (int quarters = 0; quarters < (options.turned ? 4 : 1) && faces.empty(); ++quarters) {
      if (quarters > 0) picture = turned(quarters == 1 ? image : picture, 1);
      for (const auto& found : mtcnn.run(quarters == 0 ? image : picture)) {
        faces.push_back(face_of(found, image, quarters));
      }
    }
    return faces;
  }

  std::shared_ptr<const detect::Networks> networks;
  DetectorOptions options;
  detect::Mtcnn mtcnn;
};

Detector::Detector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

Detector Detector::load(const std::filesystem::path& path, const DetectorOptions& options) {
  check(options);
  DetectorData data = load_detector(path);
  try {
    return Detector(std::make_unique<Impl>(std::make_shared<const detect::Networks>(std::move(data)), options));
  } catch (const InvalidArgument& error) {
    throw FormatError("'" + printable(path) + "': " + error.what());
  }
}

Detector Detector::import_mtcnn(const std::filesystem::path& folder, const DetectorOptions& options) {
  check(options);
  DetectorData data{read_state_dict(folder / "pnet.pt"), read_state_dict(folder / "rnet.pt"),
                    read_state_dict(folder / "onet.pt"), "MIT (facenet-pytorch)",
                    "MTCNN (Zhang et al. 2016), weights of the Python package facenet-pytorch"};
  try {
    return Detector(std::make_unique<Impl>(std::make_shared<const detect::Networks>(std::move(data)), options));
  } catch (const InvalidArgument& error) {
    throw FormatError("the files in '" + printable(folder) + "' are not those of facenet-pytorch: " + error.what());
  }
}

void Detector::save(const std::filesystem::path& path) const { save_detector(path, impl_->networks->data()); }

Detector Detector::with(const DetectorOptions& options) const {
  return Detector(std::make_unique<Impl>(impl_->networks, options));
}

std::vector<DetectedFace> Detector::find(const Image& image) {
  auto faces = impl_->faces_in(image);
  std::erase_if(faces, [](const DetectedFace& face) {  // corners that the networks have moved past each other
    return !(face.box[0] < face.box[2] && face.box[1] < face.box[3]);
  });
  const auto& options = impl_->options;
  detect::sort_by_size(faces);
  if (options.choice == FaceChoice::centre && !faces.empty()) {
    const auto nearest =
        std::min_element(faces.begin(), faces.end(), [&](const DetectedFace& a, const DetectedFace& b) {
          return distance_from_centre(a, image) < distance_from_centre(b, image);
        });
    std::iter_swap(faces.begin(), nearest);
  }
  std::size_t most = faces.size();
  if (options.maximum_faces > 0) most = std::min(most, static_cast<std::size_t>(options.maximum_faces));
  if (options.choice != FaceChoice::all) most = std::min(most, std::size_t{1});
  faces.resize(most);
  return faces;
}

const DetectorOptions& Detector::options() const { return impl_->options; }
const std::string& Detector::licence() const { return impl_->networks->data().licence; }
const std::string& Detector::data_notes() const { return impl_->networks->data().data_notes; }

}  // namespace facenet
