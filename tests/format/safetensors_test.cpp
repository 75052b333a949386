// safetensors and graph JSON against files that mean harm.
#include <cstring>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "io/graph_json.hpp"
#include "io/safetensors.hpp"
#include "models/architectures.hpp"

namespace facenet {
namespace {

std::vector<std::uint8_t> file_of(const std::string& header, std::size_t data_bytes) {
  std::vector<std::uint8_t> bytes(8 + header.size() + data_bytes);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

Json tiny_json() { return graph_to_json(models::make_architecture("tiny", {})); }

std::string message_of(const Json& json) {
  try {
    graph_from_json(json, "file");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "taken";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The position of a layer among the nodes.
std::size_t layer(const Json& json, const std::string& name) {
  for (std::size_t i = 0; i < json["nodes"].size(); ++i) {
    if (json["nodes"][i]["name"] == name) return i;
  }
  throw std::logic_error("no such layer");
}

}  // namespace

TEST_CASE("safetensors: a valid file by hand") {
  const auto bytes = file_of(
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},)"
      R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"empty":{"dtype":"U8","shape":[0,9],"data_offsets":[0,0]}}  )",
      16);
  const auto file = parse_safetensors(bytes, "x");
  CHECK(file.metadata.at("k") == "v");
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "empty");
  CHECK(file.tensors[1].name == "a");
  CHECK(file.find("a")->tensor().shape() == Shape{2, 1});
  CHECK_THROWS_AS(file.find("b")->tensor(), FormatError);
  CHECK(file.find("c") == nullptr);
}

TEST_CASE("safetensors: hostile headers are refused") {
  const char* headers[] = {
      "",
      "[]",
      "{",
      R"({"a":1})",
      R"({"a":{"dtype":"F32","shape":[2]}})",
      R"({"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[4611686018427387905,2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})",
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
      R"({"__metadata__":{"k":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
      R"({"__metadata__":"k","a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
  };
  for (const char* header : headers) {
    INFO(header);
    CHECK_THROWS_AS(parse_safetensors(file_of(header, 8), "x"), FormatError);
  }
  std::string deep(100'000, '[');
  CHECK_THROWS_AS(parse_safetensors(file_of(deep, 8), "x"), FormatError);
  auto long_header = file_of("{}", 0);
  long_header[7] = 0xff;
  CHECK_THROWS_AS(parse_safetensors(long_header, "x"), FormatError);
  CHECK_THROWS_AS(parse_safetensors({1, 2, 3}, "x"), FormatError);
}

TEST_CASE("safetensors: names and sizes are checked on writing") {
  const test::ScratchFolder scratch;
  const Tensor tensor = Tensor::zeros(TensorSpec{{2}});
  SafetensorsFile file;
  file.tensors = {NamedTensor::of("a", tensor), NamedTensor::of("a", tensor)};
  CHECK_THROWS_AS(write_safetensors(scratch / "f", file), InvalidArgument);
  file.tensors.resize(1);
  file.tensors[0].shape = {3};
  CHECK_THROWS_AS(write_safetensors(scratch / "f", file), InvalidArgument);
  CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("graph JSON: networks come back the same") {
  for (const auto name : models::architecture_names()) {
    for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
      const Graph graph = models::make_architecture(name, {.norm = norm, .dropout = 0.25F});
      const Json json = graph_to_json(graph);
      const Graph back = graph_from_json(parse_json(json_text(json), "x"), "x");
      CHECK(graph_to_json(back) == json);
      CHECK(back.multiply_adds() == graph.multiply_adds());
      CHECK(back.parameter_count() == graph.parameter_count());
    }
  }
}

TEST_CASE("graph JSON: what does not fit is refused, and the layer named") {
  const Json good = tiny_json();
  CHECK(message_of(good) == "taken");
  const std::size_t conv = layer(good, "inception_2/3x3");

  Json json = good;
  json["nodes"][conv]["op"] = "teleport";
  CHECK(contains(message_of(json), "inception_2/3x3"));
  CHECK(contains(message_of(json), "teleport"));

  json = good;
  json["nodes"][conv]["fields"]["colour"] = 1;
  CHECK(contains(message_of(json), "layer 'inception_2/3x3': has no field 'colour'"));

  json = good;
  json["nodes"][conv]["src"][0] = "l2";  // later: a circle
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));
  json["nodes"][conv]["src"][0] = "inception_2/3x3";
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));
  json["nodes"][conv]["src"][0] = 7;
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));
  json["nodes"][conv]["src"] = Json::array();
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));

  json = good;
  json["nodes"][conv]["parameters"].push_back("conv1/weights");
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));
  json["nodes"][conv]["parameters"] = Json::array();
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));

  for (const Json& value : {Json(-1), Json(0), Json(1e9), Json("2"), Json(65537), Json(nullptr)}) {
    json = good;
    json["nodes"][conv]["fields"]["stride"][0] = value;
    INFO(value);
    CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));
  }
  json = good;
  json["nodes"][conv]["fields"]["pad_end"] = {65536, 65536};  // 65,604 x 65,604 pixels
  CHECK(contains(message_of(json), "layer 'inception_2/3x3'"));
  json = good;
  json["nodes"][layer(good, "inception_2/3x3/bn")]["fields"]["epsilon"] = 1e300;
  CHECK(contains(message_of(json), "layer 'inception_2/3x3/bn'"));

  json = good;
  json["nodes"][conv]["name"] = "conv1";
  CHECK(contains(message_of(json), "layer 'conv1'"));
  json = good;
  json["parameters"][1]["name"] = json["parameters"][0]["name"];
  CHECK(contains(message_of(json), "twice"));
  json = good;
  json["parameters"][0]["shape"][0] = 31;
  CHECK(contains(message_of(json), "layer"));
  json["parameters"][0]["shape"] = {65536, 65536, 65536, 65536, 65536, 65536};
  CHECK(contains(message_of(json), "bounds"));
  json = good;
  json["input"] = {1, 65536, 65536, 3};
  CHECK(contains(message_of(json), "bounds"));
  json = good;
  json["output"] = "nowhere";
  CHECK(message_of(json) != "taken");
  for (const char* key : {"input", "parameters", "nodes", "output"}) {
    json = good;
    json.erase(key);
    CHECK(contains(message_of(json), key));
    json[key] = 5;
    CHECK(contains(message_of(json), key));
  }
  CHECK(message_of(Json(3)) != "taken");
}

}  // namespace facenet
