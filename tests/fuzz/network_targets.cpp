// Networks and their weights: model files, ONNX, dlib's, PyTorch's, detector files.
#include <facenet/error.hpp>

#include "../format/dlib_file.hpp"
#include "../format/state_dict_file.hpp"
#include "io/detector_file.hpp"
#include "io/dlib_network.hpp"
#include "io/graph_json.hpp"
#include "io/importers.hpp"
#include "io/model_file.hpp"
#include "io/pickle.hpp"
#include "io/safetensors.hpp"
#include "io/state_dict.hpp"
#include "models/architectures.hpp"
#include "onnx_file.hpp"
#include "through_file.hpp"

namespace facenet::fuzz {
namespace {

using Input = std::span<const std::uint8_t>;

ModelData small_model() {
#ifdef FACENET_HAVE_ONNX
  ModelData model = import_source({test::OnnxFile().bytes(), "'seed'", std::nullopt}, {.licence = "CC0"});
#else
  ModelData model{models::make_architecture("tiny", {}), {}, "tiny", "CC0", "", "", "", ""};
#endif
  model.contract.template_name = "mine";
  model.contract.template_points = {1.5F, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  model.calibration = R"({"threshold": 1.25})";
  return model;
}

std::vector<Bytes> model_files() {
  const OneFile file(".fnm");
  return {file.made_by([](const auto& path) { save_model(path, small_model()); }), file.made_by([](const auto& path) {
            const Tensor numbers = Tensor::from(Shape{2}, std::vector<float>{1, 2});
            save_model(path, small_model(), {R"({"step": 3})", {NamedTensor::of("moments", numbers)}});
          })};
}
void read_model(Input bytes) {
  static const OneFile file(".fnm");
  load_model(file.with(bytes));
}
void read_tensors(Input bytes) { parse_safetensors({bytes.begin(), bytes.end()}, "fuzz"); }

// A model file's checksum keeps damage from what reads its parts: these are given to it one by one.
std::vector<Bytes> graphs() {
  return {bytes_of(json_text(graph_to_json(small_model().graph))),
          bytes_of(json_text(graph_to_json(models::make_architecture("tiny", {}))))};
}
void read_graph(Input bytes) {
  graph_from_json(parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "fuzz"), "fuzz");
}

std::vector<Bytes> contracts() { return {bytes_of(notes_of(small_model()).at("facenet.contract"))}; }
void read_contract(Input bytes) {
  static ModelData model = small_model();
  take_notes(model, {{"facenet.contract", {bytes.begin(), bytes.end()}}, {"facenet.licence", "CC0"}}, "fuzz");
}

std::vector<Bytes> detector_files() {
  const OneFile file(".fnm");
  const Tensor numbers = Tensor::from(Shape{2}, std::vector<float>{1, 2});
  const DetectorData detector{{{"conv1.weight", numbers}}, {{"a", numbers}}, {{"b", numbers}}, "MIT", "made up"};
  return {file.made_by([&](const auto& path) { save_detector(path, detector); })};
}
void read_detector(Input bytes) {
  static const OneFile file(".detector");
  load_detector(file.with(bytes));
}

std::vector<Bytes> dlib_files() {
  test::DlibWriter file;
  file.begin({2, 2, 1, 2, 1, 2, 2, 2, 3});
  file.con({4, 3, 3, 2, 2, 0, 0}, std::vector<float>(4 * 27 + 4, 0.5F));
  file.affine({1, 2, 3, 4, 5, 6, 7, 8});
  file.plain("relu_");
  file.plain("max_pool_2", {3, 3, 2, 2, 0, 0});
  file.plain("add_prev_");
  file.plain("avg_pool_2", {0, 0, 1, 1, 0, 0});
  file.fc(2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  return {file.bytes};
}
void read_dlib(Input bytes) { parse_dlib_network(bytes, "fuzz"); }
// A target of its own, as it makes the whole network each time.
void fill_dlib(Input bytes) {
  parse_dlib_network(bytes, "fuzz");
  try {
    dlib_face_network(bytes, "fuzz");
  } catch (const FormatError&) {  // the seed's layers are those of no face network
  }
}

std::vector<Bytes> state_dicts() { return {test::StateDictFile().write()}; }
void read_state_dict_bytes(Input bytes) { parse_state_dict(bytes, "fuzz"); }

std::vector<Bytes> pickles() {
  test::PickleWriter list;
  list.begin().raw("](").text("a").integer(7).raw(
      "N\x88K\x05\x85"
      "e.");
  test::PickleWriter dict;
  dict.begin().raw("}(").text("a").raw("ccollections\nOrderedDict\n)Rq").number(0, 1).text("b").raw("h");
  dict.number(0, 1).raw("u.");
  return {list.bytes, dict.bytes};
}
void read_pickle(Input bytes) { parse_pickle(bytes, 0, "fuzz"); }

#ifdef FACENET_HAVE_ONNX
std::vector<Bytes> onnx_files() {
  test::OnnxFile plain;
  test::OnnxFile folded;  // constants to be computed with, and a padding
  folded.whole("two", {2});
  folded.whole("three", {3});
  folded.node("Add", {"two", "three"}, "five");
  auto& pad = folded.between("Pad", {"pads"});
  test::set(pad, "mode", std::string("constant"));
  folded.whole("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  test::OnnxFile taken_apart;  // parts of maps, a product of both, and a function of the file's own
  auto& split = taken_apart.node("Split", {"maps"}, "left");
  split.add_output("right");
  test::set(split, "axis", std::int64_t{1});
  taken_apart.node("MatMul", {"left", "right"}, "product");
  taken_apart.node("Bend", {"product"}, "bent").set_domain("local");
  test::set(taken_apart.node("Transpose", {"bent"}, "turned"), "perm", {1, 0, 3, 2});
  taken_apart.whole("one", {1});
  taken_apart.whole("two", {2});
  taken_apart.whole("zero", {0});
  taken_apart.node("Slice", {"turned", "one", "two", "zero"}, "last");
  test::set(taken_apart.node("Transpose", {"last"}, "maps again"), "perm", {1, 0, 2, 3});
  taken_apart.move_between(6, "maps again");
  taken_apart.weights("fc.weight2", {5, 1});
  taken_apart.named("embedding").set_input(1, "fc.weight2");
  auto& bend = *taken_apart.model.add_functions();
  bend.set_name("Bend");
  bend.set_domain("local");
  bend.add_input("x");
  bend.add_output("y");
  auto& inner = *bend.add_node();
  inner.set_op_type("Erf");
  inner.add_input("x");
  inner.add_output("y");
  return {plain.bytes(), folded.bytes(), taken_apart.bytes()};
}
void read_onnx_bytes(Input bytes) {
  import_source({{bytes.begin(), bytes.end()}, "'fuzz'", std::nullopt}, {.mean = std::array<float, 3>{127, 127, 127}});
}
#endif

constexpr Target kTargets[] = {{"model", model_files, read_model},
                               {"safetensors", model_files, read_tensors},
                               {"graph", graphs, read_graph},
                               {"contract", contracts, read_contract},
                               {"detector", detector_files, read_detector},
                               {"dlib", dlib_files, read_dlib},
                               {"dlib-network", dlib_files, fill_dlib},
                               {"pt", state_dicts, read_state_dict_bytes},
                               {"pickle", pickles, read_pickle},
#ifdef FACENET_HAVE_ONNX
                               {"onnx", onnx_files, read_onnx_bytes}
#endif
};

}  // namespace

std::span<const Target> network_targets() { return kTargets; }

}  // namespace facenet::fuzz
