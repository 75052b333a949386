// ONNX files: the file's frame checked, then node by node into a graph.
#include "io/onnx_import.hpp"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <limits>
#include <set>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "graph/passes/passes.hpp"
#include "io/graph_json.hpp"
#include "io/onnx_functions.hpp"
#include "io/onnx_readers.hpp"

namespace facenet {
namespace {

constexpr int kMaxNodes = 100'000;
constexpr std::int64_t kOldestSet = 7;
constexpr std::int64_t kNewestSet = 23;

using Notes = std::map<std::string, std::string>;

[[noreturn]] void refuse(const ImportSource& source, const std::string& why) {
  throw FormatError(source.name + ": " + why);
}

onnx::ModelProto parsed(ImportSource& source) {
  onnx::ModelProto file;
  if (source.bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !file.ParseFromArray(source.bytes.data(), static_cast<int>(source.bytes.size()))) {
    refuse(source, "is no whole ONNX file: it is damaged or cut off");
  }
  if (!file.has_graph()) refuse(source, "is an ONNX file without a graph");
  if (file.graph().node_size() > kMaxNodes) refuse(source, "has more than 100000 nodes");
  inline_onnx_functions(file, kMaxNodes, source.name);
  return file;
}

int operator_set(const ImportSource& source, const onnx::ModelProto& file) {
  std::int64_t version = 0;
  for (const auto& set : file.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") version = set.version();
  }
  if (version < kOldestSet || version > kNewestSet) {
    refuse(source, "is written for operator set " + std::to_string(version) + " of ONNX; " +
                       std::to_string(kOldestSet) + " to " + std::to_string(kNewestSet) +
                       " can be imported. Export the network with opset 17");
  }
  return static_cast<int>(version);
}

Notes notes_in(const onnx::ModelProto& file) {
  Notes notes;
  for (const auto& entry : file.metadata_props()) {
    if (entry.key().starts_with("facenet.")) notes[entry.key()] = entry.value();
  }
  return notes;
}

bool says_bgr(const Notes& notes, const std::string& what) {
  const auto found = notes.find("facenet.contract");
  if (found == notes.end()) return false;
  const Json contract = parse_json(found->second, what + ": its contract");
  return contract.is_object() && contract.contains("colour") && contract["colour"] == "bgr";
}

// Which nodes the output depends on. Nodes stand in the order in which they run, so that one pass backwards finds all.
std::vector<bool> needed_nodes(const onnx::GraphProto& graph, const std::string& output, OnnxBuilder& builder) {
  std::set<std::string> wanted{output};
  std::vector<bool> needed(static_cast<std::size_t>(graph.node_size()));
  for (int i = graph.node_size(); i-- > 0;) {
    const auto& node = graph.node(i);
    if (!std::any_of(node.output().begin(), node.output().end(),
                     [&](const auto& name) { return wanted.contains(name); })) {
      continue;
    }
    needed[static_cast<std::size_t>(i)] = true;
    for (const auto& name : node.input()) {
      if (name.empty()) continue;
      wanted.insert(name);
      builder.count_use(name);
    }
  }
  builder.count_use(output);
  return needed;
}

void require_ready(OnnxNode& node, const onnx::NodeProto& proto, const onnx::GraphProto& graph, int place,
                   OnnxBuilder& builder) {
  if (!proto.domain().empty() && proto.domain() != "ai.onnx") {
    node.refuse("it is an operator of the domain '" + printable(proto.domain().substr(0, 80)) +
                "', which the file does not define: export the network with standard operators and functions alone");
  }
  for (const auto& name : proto.input()) {
    if (name.empty() || builder.defined(name)) continue;
    const std::string source = "it reads '" + printable(name.substr(0, 200)) + "', ";
    for (int i = place; i < graph.node_size(); ++i) {
      const auto& made = graph.node(i).output();
      if (std::find(made.begin(), made.end(), name) != made.end()) {
        node.refuse(source + "which is made by itself or a later node: the nodes go in a circle, or are out of order");
      }
    }
    node.refuse(source + "which nobody makes: an initializer or an input is missing");
  }
}

const onnx::ValueInfoProto& image_input(const ImportSource& source, const onnx::GraphProto& graph) {
  std::set<std::string> constants;
  for (const auto& tensor : graph.initializer()) constants.insert(tensor.name());
  const onnx::ValueInfoProto* found = nullptr;
  for (const auto& input : graph.input()) {
    if (constants.contains(input.name())) continue;
    if (found != nullptr) refuse(source, "its network has several inputs; one batch of images is expected");
    found = &input;
  }
  if (found == nullptr) refuse(source, "its network has no input");
  return *found;
}

std::string output_name(const ImportSource& source, const onnx::GraphProto& graph, const ImportOptions& options) {
  if (graph.output_size() == 0) refuse(source, "its network has no output");
  if (options.output.empty()) return graph.output(0).name();
  std::string known;
  for (const auto& output : graph.output()) {
    if (output.name() == options.output) return options.output;
    known += (known.empty() ? "" : ", ") + printable(output.name().substr(0, 80));
  }
  throw InvalidArgument(source.name + ": its network has no output '" + options.output + "'; there are: " + known);
}

// The embedding as [N,D].
void end(OnnxBuilder& builder, const std::string& output) {
  if (!builder.defined(output)) builder.refuse("nobody makes its output '" + printable(output.substr(0, 200)) + "'");
  const auto value = builder.value(output);
  if (value->kind == OnnxValue::Kind::constant) builder.refuse("its output is a constant");
  onnx::NodeProto proto;
  proto.set_name("embedding");
  OnnxNode node(builder, proto);
  int id = builder.data(*value);
  const Shape shape = builder.shape(id);
  std::int64_t largest = 1;
  for (const auto extent : shape.dims().subspan(1)) largest = std::max(largest, extent);
  if (shape.rank() < 2 || largest != shape.elements()) {
    builder.refuse("its output has the shape " + shape.text() + " for one image, which is no embedding [N,D]");
  }
  id = add_onnx_reshape(node, id, std::array<std::int64_t, 1>{largest});
  builder.graph().set_output(id);
}

}  // namespace

bool looks_like_onnx(std::span<const std::uint8_t> bytes) {
  constexpr std::uint32_t kGraph = 7;
  constexpr std::uint32_t kLastField = 25;
  constexpr std::size_t kMaxFields = 10'000;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
  google::protobuf::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  for (std::size_t i = 0; i < kMaxFields; ++i) {
    const std::uint32_t tag = stream.ReadTag();
    const std::uint32_t field = tag >> 3U;
    const std::uint32_t wire = tag & 7U;
    if (field == 0 || field > kLastField || (wire != 0 && wire != 2)) return false;
    if (wire == 2 && field == kGraph) return true;
    std::uint64_t value = 0;
    if (!stream.ReadVarint64(&value)) return false;
    if (wire == 2 && (value > bytes.size() || !stream.Skip(static_cast<int>(value)))) return false;
  }
  return false;
}

ModelData read_onnx(ImportSource& source, const ImportOptions& options) {
  if (!options.architecture.empty()) {
    throw InvalidArgument(source.name + " brings its network with it: leave the architecture (--arch) out");
  }
  onnx::ModelProto file = parsed(source);
  const Notes notes = notes_in(file);
  auto& graph = *file.mutable_graph();
  if (graph.sparse_initializer_size() > 0) refuse(source, "has sparse weights, which cannot be imported");
  OnnxBuilder builder(source, options, operator_set(source, file));
  const std::string output = output_name(source, graph, options);
  for (auto& tensor : *graph.mutable_initializer()) builder.add_initializer(tensor);
  builder.begin(image_input(source, graph), says_bgr(notes, source.name));
  const auto needed = needed_nodes(graph, output, builder);
  for (int i = 0; i < graph.node_size(); ++i) {
    if (!needed[static_cast<std::size_t>(i)]) continue;
    OnnxNode node(builder, graph.node(i));
    require_ready(node, graph.node(i), graph, i, builder);
    read_onnx_node(node);
  }
  end(builder, output);
  ModelData model{.graph =
                      passes::recognise_layer_norm(passes::recognise_gelu(passes::remove_dead_nodes(builder.graph())))};
  // Notes of our own hold for the network as it was exported.
  const bool as_exported =
      !options.mean && !options.scale && !options.bgr && !options.input_size && options.output.empty();
  if (as_exported && notes.contains("facenet.contract")) take_notes(model, notes, source.name);
  model.int8.clear();  // ranges belong to the layers of the graph that was exported
  // What a model file could not hold is refused now.
  try {
    graph_from_json(graph_to_json(model.graph), source.name);
  } catch (const InvalidArgument& error) {
    refuse(source, error.what());
  }
  return model;
}

}  // namespace facenet
