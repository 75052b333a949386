// The list of importers, and what is the same for all kinds of files.
#include "io/importers.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "io/face_templates.hpp"
#include "io/weight_importers.hpp"
#include "ops/l2_normalize.hpp"
#ifdef FACENET_HAVE_ONNX
#include "io/onnx_import.hpp"
#endif

namespace facenet {
namespace {

constexpr std::uint64_t kLargestFile = (std::uint64_t{1} << 31U) - 1;

constexpr Importer kImporters[] = {
    {"dlib", looks_like_dlib, import_dlib},
    {"npz", looks_like_npz, import_npz},
    {"safetensors", looks_like_safetensors, import_safetensors},
#ifdef FACENET_HAVE_ONNX
    {"ONNX", looks_like_onnx, read_onnx},
#endif
};

const Importer& importer_of(const ImportSource& source) {
  std::string known;
  for (const auto& importer : kImporters) {
    if (importer.recognise(source.bytes)) return importer;
    known += (known.empty() ? "" : ", ") + std::string(importer.kind);
  }
#ifndef FACENET_HAVE_ONNX
  known += std::string(known.empty() ? "" : ", ") +
           "(ONNX too, in a build with -DFACENET_WITH_ONNX=ON; Debian: libprotobuf-dev protobuf-compiler libonnx-dev)";
#endif
  throw FormatError(source.name + " is of no kind that can be imported; known are: " + known);
}

void check(const ImportOptions& options) {
  const auto& name = options.template_name;
  if (!name.empty() && name != "none" && find_face_template(name) == nullptr) {
    std::string known;
    for (const auto& each : face_template_names()) known += each + ", ";
    throw InvalidArgument("there is no template '" + name + "'; known are " + known + "none");
  }
  if (options.margin && !name.empty() && name != "none") {
    throw InvalidArgument("faces are aligned to a template, or cut out with a margin, not both");
  }
  for (const auto& three : {options.mean, options.scale}) {
    if (three && !std::all_of(three->begin(), three->end(), [](float v) { return std::isfinite(v); })) {
      throw InvalidArgument("mean and scale must be finite numbers");
    }
  }
  if (options.scale && std::count(options.scale->begin(), options.scale->end(), 0.0F) > 0) {
    throw InvalidArgument("a scale of 0 makes all images the same");
  }
  if (options.input_size < 0 || options.input_size > 4096) {
    throw InvalidArgument("the input's side must be from 1 to 4096 pixels, not " + std::to_string(options.input_size));
  }
}

void set_template(ModelData& model, const ImportOptions& options, const std::string& name) {
  if (options.template_name.empty() || options.template_name == model.contract.template_name) return;
  model.calibration.clear();  // it was for faces that were aligned otherwise
  if (options.template_name == "none") {
    model.contract.template_points.reset();
    model.contract.template_name.clear();
    return;
  }
  const NamedTemplate& chosen = *find_face_template(options.template_name);
  const Shape& input = model.graph.input_shape();
  if (input[1] != chosen.face.height || input[2] != chosen.face.width) {
    throw InvalidArgument("the template '" + options.template_name + "' is for images of " +
                          std::to_string(chosen.face.width) + "x" + std::to_string(chosen.face.height) +
                          " pixels, and " + name + " takes " + std::to_string(input[2]) + "x" +
                          std::to_string(input[1]));
  }
  model.contract.template_points = chosen.face.points;
  model.contract.template_name = chosen.name;
  model.contract.margin.reset();
}

void set_margin(ModelData& model, const ImportOptions& options, const std::string& name) {
  if (!options.margin || options.margin == model.contract.margin) return;
  if (!fits(*options.margin, model.graph)) {
    throw InvalidArgument("a margin must be at least 0, and less than the input's sides, which " + name + " has as " +
                          std::to_string(model.graph.input_shape()[2]) + "x" +
                          std::to_string(model.graph.input_shape()[1]));
  }
  model.calibration.clear();
  model.contract.template_points.reset();
  model.contract.template_name.clear();
  model.contract.margin = options.margin;
}

void normalise(Graph& graph) {
  std::string name = "l2_normalize";
  const auto taken = [&](const Graph::Node& node) { return node.name == name; };
  while (std::any_of(graph.nodes().begin(), graph.nodes().end(), taken)) name += "/last";
  const int embedding[] = {graph.output()};
  graph.add_node(name, std::make_shared<L2Normalize>(), embedding);
}

}  // namespace

ImageToTensor::Parameters preprocessing(const ImportOptions& options, const std::array<float, 3>& mean,
                                        const std::array<float, 3>& scale) {
  ImageToTensor::Parameters p{
      .mean = options.mean.value_or(mean), .scale = options.scale.value_or(scale), .bgr = options.bgr.value_or(false)};
  if (p.bgr) {  // the operator's are in the order of the network's channels
    std::swap(p.mean[0], p.mean[2]);
    std::swap(p.scale[0], p.scale[2]);
  }
  return p;
}

ModelData import_source(ImportSource source, const ImportOptions& options) {
  check(options);
  const Importer& importer = importer_of(source);
  Sha256 hash;
  hash.update(std::as_bytes(std::span(source.bytes)));
  const std::string origin =
      "imported from the " + std::string(importer.kind) + " file " + source.name + ", SHA-256 " + hash.hex();
  ModelData model = importer.read(source, options);
  try {
    image_input_of(model.graph);
  } catch (const InvalidArgument& error) {
    throw FormatError(source.name + ": " + error.what());
  }
  set_template(model, options, source.name);
  set_margin(model, options, source.name);
  if (options.normalise && !is_normalised(model.graph)) normalise(model.graph);
  if (!options.licence.empty()) model.licence = options.licence;
  if (!options.data_notes.empty()) model.data_notes = options.data_notes;
  model.data_notes += (model.data_notes.empty() ? "" : "; ") + origin;
  return model;
}

ModelData import_file(const std::filesystem::path& path, const ImportOptions& options) {
  ImportSource source{.bytes = read_file(path, kLargestFile), .name = "'" + printable(path.filename()) + "'"};
  source.folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  return import_source(std::move(source), options);
}

}  // namespace facenet
