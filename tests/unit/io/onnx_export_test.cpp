// ONNX files: read back by protobuf, and what cannot be written. What they compute is compared with ONNX Runtime by
// scripts/onnx-parity.sh.
#ifdef FACENET_HAVE_ONNX
#include "io/onnx_export.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include <facenet/error.hpp>
#include <facenet/version.hpp>

#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "io/json.hpp"
#include "io/onnx_writers.hpp"
#include "networks.hpp"
#include "ops/convolution.hpp"
#include "ops/dropout.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/linear.hpp"
#include "ops/pool.hpp"
#include "ops/registry.hpp"

namespace facenet {
namespace {

ModelData tiny_model(nn::Norm norm = nn::Norm::batch) {
  ModelData model{test::seasoned_network("tiny", norm, 1, 0.5F), {}, "tiny", "CC0", "made up", R"({"steps":3})", ""};
  model.contract.template_name = "arcface";
  model.contract.template_points = {1.5F, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  model.contract.crop_fraction = 0.8F;
  model.calibration = R"({"threshold":1.25})";
  return model;
}

onnx::ModelProto parsed(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  onnx::ModelProto model;
  REQUIRE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return model;
}

onnx::GraphProto written(const Graph& graph) {
  onnx::GraphProto file;
  write_onnx_graph(graph, file);
  return file;
}

std::map<std::string, std::string> notes(const onnx::ModelProto& model) {
  std::map<std::string, std::string> map;
  for (const auto& entry : model.metadata_props()) map.emplace(entry.key(), entry.value());
  return map;
}

std::string dims(const onnx::ValueInfoProto& value) {
  std::string text;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    text += (text.empty() ? "" : ",") + (dim.has_dim_param() ? dim.dim_param() : std::to_string(dim.dim_value()));
  }
  return text;
}

const onnx::NodeProto& node_named(const onnx::GraphProto& graph, const std::string& name) {
  for (const auto& node : graph.node()) {
    if (node.name() == name) return node;
  }
  throw std::logic_error("no node is called " + name);
}

std::vector<std::int64_t> integers(const onnx::NodeProto& node, const std::string& attribute) {
  for (const auto& a : node.attribute()) {
    if (a.name() != attribute) continue;
    if (a.type() == onnx::AttributeProto::INT) return {a.i()};
    return {a.ints().begin(), a.ints().end()};
  }
  throw std::logic_error(node.name() + " has no attribute " + attribute);
}

float number(const onnx::NodeProto& node, const std::string& attribute) {
  for (const auto& a : node.attribute()) {
    if (a.name() == attribute && a.type() == onnx::AttributeProto::FLOAT) return a.f();
  }
  throw std::logic_error(node.name() + " has no attribute " + attribute);
}

// Every value has one name of its own, and is there before it is used: the checker's first rule.
void check_names(const onnx::GraphProto& graph) {
  std::set<std::string> values;
  const auto add = [&](const std::string& name) {
    INFO(name);
    CHECK_FALSE(name.empty());
    CHECK(values.insert(name).second);
  };
  for (const auto& input : graph.input()) add(input.name());
  for (const auto& tensor : graph.initializer()) add(tensor.name());
  for (const auto& node : graph.node()) {
    for (const auto& source : node.input()) {
      INFO(node.name() << " reads " << source);
      CHECK(values.contains(source));
    }
    for (const auto& result : node.output()) add(result);
  }
  REQUIRE(graph.output_size() == 1);
  CHECK(values.contains(graph.output(0).name()));
}

Graph images(std::int64_t height, std::int64_t width) {
  Graph graph({1, height, width, 3});
  graph.add_node("input", std::make_shared<ImageToTensor>(), std::vector{0});
  return graph;
}

ParameterPtr parameter(const std::string& name, const Shape& shape) {
  auto made = std::make_shared<Parameter>();
  made->name = name;
  made->value = Tensor::zeros({shape});
  return made;
}

// A linear layer on the graph's output.
void end(Graph& graph, const std::string& name, std::int64_t outputs) {
  const int last = graph.output();
  const std::int64_t inputs = graph.output_shape().elements();
  const int weights = graph.add_parameter(parameter(name + "/weights", {outputs, inputs}));
  graph.add_node(name, std::make_shared<Linear>(Linear::Parameters{.bias = false}), std::vector{last, weights});
}

class Novel final : public Operator {
 public:
  std::string_view name() const override { return "novel"; }
  Shape shape(std::span<const Shape> src) const override { return src[0]; }
  Compiled compile(std::span<const Operand> /*operands*/) const override { throw Error("is never run"); }
  std::vector<Tensor> backward(const BackwardArguments& /*arguments*/) const override { return {}; }
  RefTensor reference(std::span<const RefTensor> src, const Mode& /*mode*/) const override { return src[0]; }
};

}  // namespace

TEST_CASE("every operator can be written as ONNX") {
  for (const auto name : operator_names()) {
    INFO(name);
    CHECK(has_onnx_writer(name));
  }
  CHECK_FALSE(has_onnx_writer("novel"));
  Graph graph = images(8, 8);
  graph.add_node("layer", std::make_shared<Novel>(), std::vector{graph.output()});
  end(graph, "e", 4);
  CHECK_THROWS_WITH(written(graph), test::Contains("'layer' (novel)"));
}

TEST_CASE("an exported model read back by protobuf") {
  const test::ScratchFolder scratch;
  const auto norm = GENERATE(nn::Norm::batch, nn::Norm::lrn);
  const ModelData model = tiny_model(norm);
  export_onnx(scratch / "tiny.onnx", model, "the fingerprint");
  const onnx::ModelProto file = parsed(scratch / "tiny.onnx");
  CHECK(file.ir_version() == 8);
  REQUIRE(file.opset_import_size() == 1);
  CHECK(file.opset_import(0).domain().empty());
  CHECK(file.opset_import(0).version() == 17);
  CHECK(file.producer_name() == "FaceNetLib");
  CHECK(file.producer_version() == version());

  const auto& graph = file.graph();
  check_names(graph);
  CHECK(graph.name() == "tiny");
  REQUIRE(graph.input_size() == 1);
  CHECK(graph.input(0).name() == "input");
  CHECK(dims(graph.input(0)) == "N,3,64,64");
  CHECK(graph.input(0).type().tensor_type().elem_type() == onnx::TensorProto::FLOAT);
  CHECK(graph.input(0).doc_string().find("RGB") == 0);
  CHECK(graph.output(0).name() == "embedding");
  CHECK(dims(graph.output(0)) == "N,128");
  CHECK(graph.node(graph.node_size() - 1).op_type() == "LpNormalization");
  CHECK(graph.node(graph.node_size() - 1).output(0) == "embedding");

  // Layers keep their names, but for those that do nothing when a network runs.
  std::set<std::string> nodes;
  for (const auto& node : graph.node()) CHECK(nodes.insert(node.name()).second);
  for (const auto& node : model.graph.nodes()) {
    INFO(node.name);
    const auto op = node.op->name();
    CHECK(nodes.contains(node.name) == (op != "dropout" && op != "image_to_tensor"));
  }
  // Weights keep name, shape and bits.
  std::map<std::string, const onnx::TensorProto*> tensors;
  for (const auto& tensor : graph.initializer()) tensors.emplace(tensor.name(), &tensor);
  for (const auto& own : model.graph.parameters()) {
    INFO(own->name);
    REQUIRE(tensors.contains(own->name));
    const auto& tensor = *tensors[own->name];
    CHECK(tensor.data_type() == onnx::TensorProto::FLOAT);
    const Shape& shape = own->value.shape();
    CHECK(std::vector<std::int64_t>(tensor.dims().begin(), tensor.dims().end()) ==
          std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end()));
    const auto values = own->value.floats();
    REQUIRE(tensor.raw_data().size() == values.size_bytes());
    CHECK(std::memcmp(tensor.raw_data().data(), values.data(), values.size_bytes()) == 0);
  }
  CHECK(node_named(graph, "conv1").input(1) == "conv1/weights");
  CHECK(node_named(graph, "input/subtract").input(1) == "input/mean");
  CHECK(node_named(graph, "input/multiply").input(1) == "input/scale");

  const auto said = notes(file);
  CHECK(said.at("facenet.fingerprint") == "the fingerprint");
  CHECK(said.at("facenet.licence") == "CC0");
  CHECK(said.at("facenet.data") == "made up");
  CHECK(said.at("facenet.architecture") == "tiny");
  CHECK(said.at("facenet.training") == R"({"steps":3})");
  CHECK(said.at("facenet.calibration") == R"({"threshold":1.25})");
  const Json contract = parse_json(said.at("facenet.contract"), "contract");
  CHECK(contract.at("colour") == "rgb");
  CHECK(contract.at("width") == 64);
  CHECK(contract.at("mean") == Json({127.5, 127.5, 127.5}));
  CHECK(contract.at("scale").size() == 3);
  CHECK(contract.at("alignment").at("template") == "arcface");
  CHECK(contract.at("alignment").at("points").size() == 10);
  CHECK(contract.at("crop_fraction").get<float>() == 0.8F);

  export_onnx(scratch / "again.onnx", model, "the fingerprint");
  CHECK(read_file(scratch / "tiny.onnx") == read_file(scratch / "again.onnx"));
}

TEST_CASE("operators become those of ONNX that compute the same") {
  const onnx::GraphProto tiny = written(tiny_model(nn::Norm::lrn).graph);
  const auto& norm = node_named(tiny, "norm1");
  CHECK(norm.op_type() == "LRN");
  CHECK(integers(norm, "size") == std::vector<std::int64_t>{5});
  CHECK(number(norm, "alpha") == 1e-4F);
  CHECK(number(norm, "beta") == 0.75F);
  CHECK(number(norm, "bias") == 1.0F);
  CHECK(node_named(tiny, "inception_3a/pool").op_type() == "AveragePool");
  CHECK(integers(node_named(tiny, "inception_3a/pool"), "count_include_pad") == std::vector<std::int64_t>{1});
  CHECK(node_named(tiny, "inception_3a/pool/root").op_type() == "Sqrt");
  CHECK(number(node_named(written(tiny_model().graph), "conv1/bn"), "epsilon") == 1e-5F);

  Graph graph = images(9, 11);
  const int weights = graph.add_parameter(parameter("w", {6, 1, 3, 2}));
  graph.add_node("c",
                 std::make_shared<Convolution>(Convolution::Parameters{.stride = {2, 1},
                                                                       .dilation = {1, 2},
                                                                       .pad_begin = {1, 0},
                                                                       .pad_end = {2, 3},
                                                                       .groups = 3,
                                                                       .bias = false,
                                                                       .relu = true}),
                 std::vector{graph.output(), weights});
  graph.add_node(
      "p",
      std::make_shared<Pool>(
          Pool::Kind::average,
          Pool::Parameters{
              .window = {2, 3}, .stride = {1, 2}, .pad_begin = {1, 0}, .pad_end = {0, 2}, .count_padding = true}),
      std::vector{graph.output()});
  graph.add_node("g", std::make_shared<Pool>(Pool::Kind::l2, Pool::Parameters{.window = {0, 0}}),
                 std::vector{graph.output()});
  end(graph, "e", 4);
  const onnx::GraphProto file = written(graph);
  check_names(file);
  const auto& conv = node_named(file, "c");
  CHECK(integers(conv, "kernel_shape") == std::vector<std::int64_t>{3, 2});
  CHECK(integers(conv, "strides") == std::vector<std::int64_t>{2, 1});
  CHECK(integers(conv, "dilations") == std::vector<std::int64_t>{1, 2});
  CHECK(integers(conv, "pads") == std::vector<std::int64_t>{1, 0, 2, 3});
  CHECK(integers(conv, "group") == std::vector<std::int64_t>{3});
  CHECK(node_named(file, "c/relu").op_type() == "Relu");
  const auto& pool = node_named(file, "p");
  CHECK(pool.op_type() == "AveragePool");
  CHECK(integers(pool, "pads") == std::vector<std::int64_t>{1, 0, 0, 2});
  CHECK(integers(pool, "strides") == std::vector<std::int64_t>{1, 2});
  CHECK(integers(pool, "count_include_pad") == std::vector<std::int64_t>{1});
  CHECK(node_named(file, "g").op_type() == "GlobalAveragePool");
  CHECK(node_named(file, "e/flatten").op_type() == "Flatten");
}

TEST_CASE("a layer that does nothing may be the last, and names may be those that ONNX files use") {
  Graph graph = images(8, 8);
  end(graph, "embedding", 4);
  const int embedded = graph.output();
  graph.add_node("input/value", std::make_shared<Dropout>(), std::vector{embedded});
  graph.parameters()[0]->name = "input";
  const onnx::GraphProto file = written(graph);
  check_names(file);
  const auto& last = file.node(file.node_size() - 1);
  CHECK(last.op_type() == "Identity");
  CHECK(last.input(0) == node_named(file, "embedding").output(0));
  CHECK(last.output(0) == "embedding");
}

TEST_CASE("text that is no UTF-8 is replaced: protobuf's strings hold nothing else") {
  const test::ScratchFolder scratch;
  ModelData model = tiny_model();
  model.licence = "free\xFF";
  export_onnx(scratch / "a.onnx", model, "f");
  CHECK(notes(parsed(scratch / "a.onnx")).at("facenet.licence") == "free\xEF\xBF\xBD");
}

TEST_CASE("models that no ONNX file can hold are refused with words, and nothing is written") {
  const test::ScratchFolder scratch;
  Graph large = images(100, 100);
  const int last = large.output();
  auto weights = std::make_shared<Parameter>();
  weights->name = "e/weights";
  weights->value = Tensor(TensorSpec{{20000, 30000}}, nullptr);  // 2.4 GB that nobody has
  const int value = large.add_parameter(weights);
  large.add_node("e", std::make_shared<Linear>(Linear::Parameters{.bias = false}), std::vector{last, value});
  CHECK_THROWS_WITH(export_onnx(scratch / "a.onnx", {.graph = large}, "f"), test::Contains("2288 MiB"));

  Graph twice = images(8, 3);
  twice.add_node("again", std::make_shared<ImageToTensor>(), std::vector{twice.output()});
  end(twice, "e", 4);
  CHECK_THROWS_WITH(export_onnx(scratch / "a.onnx", {.graph = twice}, "f"), test::Contains("'again'"));
  ModelData untrue = tiny_model();
  untrue.calibration = "not json";
  CHECK_THROWS_AS(export_onnx(scratch / "a.onnx", untrue, "f"), InvalidArgument);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("an unwritable place for an ONNX file is an IoError, and leaves nothing behind") {
  const test::ScratchFolder scratch;
  CHECK_THROWS_AS(export_onnx(scratch / "no" / "such" / "folder.onnx", tiny_model(), "f"), IoError);
  CHECK_THROWS_AS(export_onnx(scratch.path(), tiny_model(), "f"), IoError);
  CHECK_THROWS_AS(export_onnx("/dev/full", tiny_model(), "f"), IoError);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("a disk that fills up while an ONNX file is written leaves the former file whole") {
  const test::ScratchFolder scratch;
  const std::filesystem::path disk = scratch / "disk";
  std::filesystem::create_directory(disk);
  if (::geteuid() != 0 || ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k") != 0) {
    std::fprintf(stderr, "SKIPPED: needs the right to mount a small tmpfs\n");
    return;
  }
  write_file(disk / "model.onnx", "former content");
  CHECK_THROWS_AS(export_onnx(disk / "model.onnx", tiny_model(), "f"), IoError);
  const auto kept = read_file(disk / "model.onnx");
  CHECK(std::string(kept.begin(), kept.end()) == "former content");
  CHECK(std::distance(std::filesystem::directory_iterator(disk), {}) == 1);
  ::umount(disk.c_str());
}

}  // namespace facenet
#endif
