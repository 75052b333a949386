// MTCNN for tests.
#include "detector.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>

#include "base/random.hpp"
#include "data.hpp"
#ifdef FACENET_HAVE_ONNX
#include <onnx.pb.h>
#endif

namespace facenet::test {
namespace {

#ifdef FACENET_HAVE_ONNX
// An ONNX file's initialisers, under the names of facenet-pytorch's files.
StateDict initialisers(const std::filesystem::path& path) {
  onnx::ModelProto model;
  std::ifstream stream(path, std::ios::binary);
  if (!model.ParseFromIstream(&stream)) throw std::runtime_error("cannot read " + path.string());
  StateDict result;
  for (const auto& tensor : model.graph().initializer()) {
    std::string name = tensor.name();
    std::vector<std::int64_t> dims(tensor.dims().begin(), tensor.dims().end());
    if (const auto slope = name.find(".slope"); slope != std::string::npos) {
      name.replace(slope, 6, ".weight");
      dims.resize(1);
    }
    const Tensor values(TensorSpec{Shape(dims)});
    if (tensor.raw_data().size() != values.spec().bytes()) throw std::runtime_error("no raw floats: " + name);
    std::memcpy(values.raw(), tensor.raw_data().data(), values.spec().bytes());
    result.emplace(name, values);
  }
  return result;
}
#endif

struct Maker {
  Random random;
  StateDict dict{};
  void layer(const std::string& name, const Shape& shape) {
    const Tensor weights(TensorSpec{shape});
    const double scale = std::sqrt(2.0 / static_cast<double>(shape.elements() / shape[0]));
    for (auto& value : weights.floats()) value = static_cast<float>(random.normal() * scale);
    dict.emplace(name + ".weight", weights);
    row(name + ".bias", shape[0], 0.1);
  }
  void slopes(const std::string& name, std::int64_t count) { row(name + ".weight", count, 0.3); }
  void row(const std::string& name, std::int64_t count, double scale) {
    const Tensor values(TensorSpec{{count}});
    for (auto& value : values.floats()) value = static_cast<float>(random.normal() * scale);
    dict.emplace(name, values);
  }
};

}  // namespace

std::optional<DetectorData> shared_mtcnn() {
  const auto data = shared_data();
  if (!data) return std::nullopt;
#ifdef FACENET_HAVE_ONNX
  const auto models = *data / "models";
  return DetectorData{initialisers(models / "mtcnn-pnet.onnx"), initialisers(models / "mtcnn-rnet.onnx"),
                      initialisers(models / "mtcnn-onet.onnx"), "MIT", "the shared networks"};
#else
  std::cerr << "SKIPPED: this build cannot read ONNX\n";
  return std::nullopt;
#endif
}

std::optional<Detector> shared_detector(const DetectorOptions& options) {
  const auto weights = shared_mtcnn();
  if (!weights) return std::nullopt;
  const ScratchFolder folder;
  save_detector(folder / "mtcnn.fnm", *weights);
  return Detector::load(folder / "mtcnn.fnm", options);
}

float overlap(const std::array<float, 4>& a, const std::array<float, 4>& b) {
  const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const auto area = [](const auto& x) { return (x[2] - x[0]) * (x[3] - x[1]); };
  return width * height / (area(a) + area(b) - width * height);
}

DetectorData random_mtcnn(std::uint64_t seed) {
  Maker p{Random(seed)};
  p.layer("conv1", {10, 3, 3, 3});
  p.slopes("prelu1", 10);
  p.layer("conv2", {16, 10, 3, 3});
  p.slopes("prelu2", 16);
  p.layer("conv3", {32, 16, 3, 3});
  p.slopes("prelu3", 32);
  p.layer("conv4_1", {2, 32, 1, 1});
  p.layer("conv4_2", {4, 32, 1, 1});
  Maker r{Random(seed + 1)};
  r.layer("conv1", {28, 3, 3, 3});
  r.slopes("prelu1", 28);
  r.layer("conv2", {48, 28, 3, 3});
  r.slopes("prelu2", 48);
  r.layer("conv3", {64, 48, 2, 2});
  r.slopes("prelu3", 64);
  r.layer("dense4", {128, 576});
  r.slopes("prelu4", 128);
  r.layer("dense5_1", {2, 128});
  r.layer("dense5_2", {4, 128});
  Maker o{Random(seed + 2)};
  o.layer("conv1", {32, 3, 3, 3});
  o.slopes("prelu1", 32);
  o.layer("conv2", {64, 32, 3, 3});
  o.slopes("prelu2", 64);
  o.layer("conv3", {64, 64, 3, 3});
  o.slopes("prelu3", 64);
  o.layer("conv4", {128, 64, 2, 2});
  o.slopes("prelu4", 128);
  o.layer("dense5", {256, 1152});
  o.slopes("prelu5", 256);
  o.layer("dense6_1", {2, 256});
  o.layer("dense6_2", {4, 256});
  o.layer("dense6_3", {10, 256});
  // Boxes that stay where they are, more or less; points too.
  for (auto* dict : {&p.dict, &r.dict, &o.dict}) {
    for (auto& [name, tensor] : *dict) {
      if (name.find("_2.") == std::string::npos && name.find("_3.") == std::string::npos) continue;
      for (auto& value : tensor.floats()) value *= 0.02F;
    }
  }
  return {p.dict, r.dict, o.dict, "none", "random"};
}

}  // namespace facenet::test
