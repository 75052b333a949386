// From the weights of dlib's network and from state dicts to models.
#include "io/weight_importers.hpp"

#include <algorithm>
#include <cstring>

#include <facenet/error.hpp>

#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "io/dlib_network.hpp"
#include "io/face_templates.hpp"
#include "io/npz.hpp"
#include "io/weights.hpp"
#include "models/architectures.hpp"

namespace facenet {
namespace {

bool begins(std::span<const std::uint8_t> bytes, std::string_view with) {
  return bytes.size() >= with.size() && std::memcmp(bytes.data(), with.data(), with.size()) == 0;
}

// The readers put the name in quotes themselves.
std::string unquoted(const std::string& name) { return name.substr(1, name.size() - 2); }

// Our networks end with a normalisation.
void remove_normalisation(Graph& graph) {
  const auto& last = graph.nodes().back();
  if (last.op->name() != "l2_normalize") return;
  graph.set_output(last.src[0]);
  graph = passes::remove_dead_nodes(graph);
}

Graph with_preprocessing(const Graph& graph, const ImageToTensor::Parameters& parameters) {
  passes::Rewriter rewriter(graph);
  for (const auto& node : graph.nodes()) {
    if (dynamic_cast<const ImageToTensor*>(node.op.get()) != nullptr) {
      rewriter.add(node.name, std::make_shared<ImageToTensor>(parameters), node.src, node.dst);
    } else {
      rewriter.copy(node);
    }
  }
  return rewriter.finish();
}

void require_no_output(const ImportSource& source, const ImportOptions& options) {
  if (options.output.empty()) return;
  throw InvalidArgument(source.name + " names no outputs: leave the output (--output-name) out");
}

ModelData import_weights(const ImportSource& source, std::span<const NamedTensor> tensors,
                         const ImportOptions& options) {
  require_no_output(source, options);
  if (options.architecture.empty()) {
    std::string known;
    for (const auto name : weights_architectures()) known += (known.empty() ? "" : ", ") + std::string(name);
    throw InvalidArgument(source.name +
                          " holds weights without their network: say which one it is (--arch); known are " + known);
  }
  Graph graph = graph_from_weights(options.architecture, tensors, source.name, options.input_size);
  const auto& own = dynamic_cast<const ImageToTensor&>(*graph.nodes().front().op).parameters;
  ModelData model{.graph = with_preprocessing(graph, preprocessing(options, own.mean, own.scale)),
                  .architecture = options.architecture};
  if (!options.normalise) remove_normalisation(model.graph);
  return model;
}

}  // namespace

bool looks_like_dlib(std::span<const std::uint8_t> bytes) {
  // Versions of loss and name, each a whole number; the name's length; the name.
  return begins(bytes, "\1\1\1") && begins(bytes.subspan(std::min<std::size_t>(4, bytes.size())), "loss_");
}

bool looks_like_npz(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kHeader = 30;
  if (!begins(bytes, "PK\3\4") || bytes.size() < kHeader) return false;
  const std::size_t name = bytes[26] + 256U * bytes[27];
  return name >= 4 && bytes.size() - kHeader >= name && begins(bytes.subspan(kHeader + name - 4), ".npy");
}

bool looks_like_safetensors(std::span<const std::uint8_t> bytes) {
  std::uint64_t header = 0;
  if (bytes.size() < 10) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header < (std::uint64_t{1} << 32U) && bytes[8] == '{';
}

ModelData import_dlib(ImportSource& source, const ImportOptions& options) {
  if (options.mean || options.scale || options.bgr || options.input_size != 0 || !options.architecture.empty()) {
    throw InvalidArgument(source.name +
                          ": dlib's network is known, with its colours, mean, scale and size: leave these options out");
  }
  require_no_output(source, options);
  ModelData model{.graph = dlib_face_network(source.bytes, unquoted(source.name)), .architecture = "dlib-resnet"};
  const NamedTemplate& chosen = *find_face_template("dlib-mtcnn-150");
  model.contract.template_points = chosen.face.points;
  model.contract.template_name = chosen.name;
  if (!options.normalise) remove_normalisation(model.graph);
  return model;
}

ModelData import_npz(ImportSource& source, const ImportOptions& options) {
  return import_weights(source, parse_npz(source.bytes, unquoted(source.name)), options);
}

ModelData import_safetensors(ImportSource& source, const ImportOptions& options) {
  const SafetensorsFile file = parse_safetensors(std::move(source.bytes), unquoted(source.name));
  if (file.metadata.count("facenet.format") > 0) {
    throw InvalidArgument(source.name + " is a model file of this library already: use it as it is");
  }
  return import_weights(source, file.tensors, options);
}

}  // namespace facenet
