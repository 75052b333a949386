// Model files: safetensors whose metadata carry the rest as JSON.
#include "io/model_file.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "io/graph_json.hpp"
#include "io/json.hpp"
#include "io/safetensors.hpp"
#include "ops/image_to_tensor.hpp"

namespace facenet {
namespace {

constexpr const char* kVersion = "1";

Json contract_to_json(const Contract& contract, const Graph& graph) {
  const ImageInput input = image_input_of(graph);
  Json alignment;
  if (contract.template_points) {
    alignment = {{"template", contract.template_name}, {"points", *contract.template_points}};
  }
  Json json{{"width", input.width},
            {"height", input.height},
            {"mean", input.mean},
            {"scale", input.scale},
            {"colour", input.bgr ? "bgr" : "rgb"},
            {"alignment", std::move(alignment)},
            {"crop_fraction", contract.crop_fraction},
            {"embedding_size", graph.output_shape()[1]},
            {"normalised", is_normalised(graph)}};
  if (contract.margin) json["margin"] = *contract.margin;  // absent, fingerprints are what they were without it
  return json;
}

Contract contract_from_json(const Json& json, const Graph& graph, const std::string& what) {
  Contract contract;
  contract.crop_fraction =
      checked_float(member(json, "crop_fraction", Json::value_t::number_float, what), what + ", crop_fraction");
  if (!(contract.crop_fraction > 0 && contract.crop_fraction <= 1)) {
    throw FormatError(what + ": crop_fraction must be above 0 and up to 1");
  }
  if (json.contains("alignment") && !json["alignment"].is_null()) {
    const Json& alignment = member(json, "alignment", Json::value_t::object, what);
    contract.template_name = member(alignment, "template", Json::value_t::string, what).get<std::string>();
    const Json& points = member(alignment, "points", Json::value_t::array, what);
    auto& values = contract.template_points.emplace();
    if (points.size() != values.size()) throw FormatError(what + ": a template has 10 numbers");
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = checked_float(points[i], what + ", points");
  }
  if (json.contains("margin")) {
    contract.margin = checked_float(member(json, "margin", Json::value_t::number_float, what), what + ", margin");
    if (contract.template_points) throw FormatError(what + ": aligned faces have no margin");
    if (!fits(*contract.margin, graph)) {
      throw FormatError(what + ": the margin must be at least 0, and less than the input's sides");
    }
  }
  // What the graph says is written for other programs to read; here it must agree.
  if (contract_to_json(contract, graph) != json) throw FormatError(what + " does not agree with the graph");
  return contract;
}

std::string fingerprint(const std::string& graph, const std::string& contract,
                        const std::vector<ParameterPtr>& parameters) {
  Sha256 hash;
  // Lengths before texts: no two models give the same stream.
  for (const auto& text : {graph, contract}) {
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  }
  for (const auto& parameter : parameters) {  // names and shapes stand in the graph
    hash.update(std::as_bytes(std::span<const float>(parameter->value.floats())));
  }
  return hash.hex();
}

// Of all metadata but itself: a flipped bit in a threshold must not pass.
std::string checksum(const std::map<std::string, std::string>& metadata) {
  Sha256 hash;
  for (const auto& [key, text] : metadata) {
    if (key == "facenet.checksum") continue;
    hash.update(key + ":" + std::to_string(text.size()) + ":");
    hash.update(text);
  }
  return hash.hex();
}

// Of a training's state, which the fingerprint of the model does not cover.
std::string checksum(const std::vector<NamedTensor>& tensors) {
  Sha256 hash;
  for (const auto& tensor : tensors) {
    hash.update(tensor.name + ":" + tensor.shape.text() + ":");
    hash.update(tensor.bytes);
  }
  return hash.hex();
}

// JSON holds UTF-8 alone: what is none is replaced here, so that the checksum is of what is stored.
void put_text(std::map<std::string, std::string>& metadata, const std::string& key, const std::string& text) {
  if (text.empty()) return;
  metadata[key] = Json::parse(json_text(text)).get<std::string>();
}

void put_object(std::map<std::string, std::string>& metadata, const std::string& key, const std::string& text) {
  if (text.empty()) return;
  try {
    const Json json = parse_json(text, key);
    if (!json.is_object()) throw FormatError(key + ": wants a JSON object");
    metadata[key] = json_text(json);
  } catch (const FormatError& error) {
    throw InvalidArgument(error.what());
  }
}

// What is written must be read again: a value beyond the reader's bounds is refused now, not when it is too late.
void require_readable(const std::map<std::string, std::string>& metadata) {
  const std::string what = "the model cannot be stored";
  try {
    const Graph graph = graph_from_json(parse_json(metadata.at("facenet.graph"), what), what);
    contract_from_json(parse_json(metadata.at("facenet.contract"), what), graph, what + ": contract");
  } catch (const FormatError& error) {
    throw InvalidArgument(error.what());
  }
}

const std::string& text_of(const std::map<std::string, std::string>& metadata, const std::string& key,
                           const std::string& file) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw FormatError(file + ": the metadata '" + key + "' is missing");
  return found->second;
}

std::string text_or_empty(const std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

void check_version(const SafetensorsFile& content, const std::string& file) {
  const auto version = content.metadata.find("facenet.format");
  if (version == content.metadata.end()) {
    throw FormatError(file + " is a safetensors file, but not a FaceNetLib model: it has no 'facenet.format'");
  }
  if (content.metadata.contains("facenet.detector")) {
    throw FormatError(file + " is a face detector, to be given with --detector, and not a model");
  }
  if (version->second != kVersion) {
    throw FormatError(file + " is a model of format version " + version->second.substr(0, 20) +
                      "; this library reads version " + kVersion + ": use the release that wrote it, or a newer one");
  }
}

constexpr std::string_view kTrainingPrefix = "training/";

// The file's tensors become the graph's values, one for one; those of a training's state are kept apart.
std::vector<NamedTensor> take_values(Graph& graph, const SafetensorsFile& content, const std::string& file) {
  std::vector<NamedTensor> training;
  std::map<std::string, const NamedTensor*> tensors;
  for (const auto& tensor : content.tensors) {
    if (!tensor.name.starts_with(kTrainingPrefix)) {
      tensors.emplace(tensor.name, &tensor);
      continue;
    }
    training.push_back(tensor);
    training.back().name.erase(0, kTrainingPrefix.size());
  }
  for (const auto& parameter : graph.parameters()) {
    const auto found = tensors.find(parameter->name);
    if (found == tensors.end()) throw FormatError(file + ": the tensor '" + parameter->name + "' is missing");
    if (found->second->shape != parameter->value.shape() || found->second->dtype != "F32") {
      throw FormatError(file + ": tensor '" + parameter->name + "' is " + found->second->shape.text() + " " +
                        found->second->dtype + ", and the graph wants " + parameter->value.shape().text() + " F32");
    }
    parameter->value = found->second->tensor();
    tensors.erase(found);
  }
  if (!tensors.empty()) throw FormatError(file + ": nothing uses the tensor '" + tensors.begin()->first + "'");
  return training;
}

}  // namespace

ImageInput image_input_of(const Graph& graph) {
  const ImageToTensor* first = nullptr;
  for (const auto& node : graph.nodes()) {
    for (const int source : node.src) {
      if (source != 0) continue;
      const auto* op = dynamic_cast<const ImageToTensor*>(node.op.get());
      if (op == nullptr || first != nullptr) {
        throw InvalidArgument("layer '" + node.name + "': the images must be read by one image_to_tensor alone");
      }
      first = op;
    }
  }
  if (first == nullptr || graph.output_shape().rank() != 2) {
    throw InvalidArgument("a model must turn images [N,H,W,3] into embeddings [N,D]");
  }
  const auto& p = first->parameters;
  return {static_cast<int>(graph.input_shape()[2]), static_cast<int>(graph.input_shape()[1]), p.mean, p.scale, p.bgr};
}

bool fits(float margin, const Graph& graph) {
  const ImageInput input = image_input_of(graph);
  return margin >= 0 && margin < static_cast<float>(std::min(input.width, input.height));
}

bool is_normalised(const Graph& graph) {
  for (const auto& node : graph.nodes()) {
    if (node.dst == graph.output()) return node.op->name() == "l2_normalize";
  }
  return false;
}

std::string fingerprint_of(const ModelData& model) {
  return fingerprint(json_text(graph_to_json(model.graph)), json_text(contract_to_json(model.contract, model.graph)),
                     model.graph.parameters());
}

std::map<std::string, std::string> notes_of(const ModelData& model) {
  std::map<std::string, std::string> notes;
  notes["facenet.contract"] = json_text(contract_to_json(model.contract, model.graph));
  put_text(notes, "facenet.architecture", model.architecture);
  put_text(notes, "facenet.licence", model.licence);
  put_text(notes, "facenet.data", model.data_notes);
  put_object(notes, "facenet.training", model.training);
  put_object(notes, "facenet.calibration", model.calibration);
  put_object(notes, "facenet.int8", model.int8);
  put_text(notes, "facenet.people", people_text(model.people));
  return notes;
}

void take_notes(ModelData& model, const std::map<std::string, std::string>& notes, const std::string& what) {
  try {
    const std::string contract = what + ": the contract";
    model.contract =
        contract_from_json(parse_json(text_of(notes, "facenet.contract", what), contract), model.graph, contract);
  } catch (const InvalidArgument& error) {
    throw FormatError(what + ": " + error.what());
  }
  model.architecture = text_or_empty(notes, "facenet.architecture");
  model.licence = text_or_empty(notes, "facenet.licence");
  model.data_notes = text_or_empty(notes, "facenet.data");
  model.training = text_or_empty(notes, "facenet.training");
  model.calibration = text_or_empty(notes, "facenet.calibration");
  model.int8 = text_or_empty(notes, "facenet.int8");
  model.people = people_from_text(text_or_empty(notes, "facenet.people"), what);
  for (const auto* text : {&model.training, &model.calibration, &model.int8}) {
    if (!text->empty() && !parse_json(*text, what + ": its metadata").is_object()) {
      throw FormatError(what + ": training notes, calibration and int8 must be JSON objects");
    }
  }
}

void save_model(const std::filesystem::path& path, const ModelData& model, const TrainingExtras& extras) {
  SafetensorsFile file;
  auto& metadata = file.metadata;
  metadata = notes_of(model);
  metadata["facenet.format"] = kVersion;
  metadata["facenet.graph"] = json_text(graph_to_json(model.graph));
  require_readable(metadata);
  put_object(metadata, "facenet.training_state", extras.state);
  if (!extras.tensors.empty()) metadata["facenet.training_checksum"] = checksum(extras.tensors);
  metadata["facenet.fingerprint"] =
      fingerprint(metadata["facenet.graph"], metadata["facenet.contract"], model.graph.parameters());
  metadata["facenet.checksum"] = checksum(metadata);
  for (const auto& parameter : model.graph.parameters()) {
    file.tensors.push_back(NamedTensor::of(parameter->name, parameter->value));
  }
  for (NamedTensor tensor : extras.tensors) {
    tensor.name.insert(0, kTrainingPrefix);
    file.tensors.push_back(std::move(tensor));
  }
  write_safetensors(path, file);
}

LoadedModel load_model(const std::filesystem::path& path) {
  const SafetensorsFile content = read_safetensors(path);
  const std::string file = "'" + printable(path) + "'";
  const auto& metadata = content.metadata;
  check_version(content, file);
  const std::string damaged = ": the file is damaged; fetch or make it again";
  if (checksum(metadata) != text_of(metadata, "facenet.checksum", file)) {
    throw FormatError(file + ": its metadata do not match their checksum" + damaged);
  }
  const std::string& graph_text = text_of(metadata, "facenet.graph", file);
  const std::string& contract_text = text_of(metadata, "facenet.contract", file);
  Graph graph = graph_from_json(parse_json(graph_text, file + ": the graph"), file);
  auto training = take_values(graph, content, file);
  if (!training.empty() && checksum(training) != text_of(metadata, "facenet.training_checksum", file)) {
    throw FormatError(file + ": the training's state does not match its checksum" + damaged);
  }
  LoadedModel loaded{{std::move(graph), {}, {}, {}, {}, {}, {}, {}, {}},
                     text_of(metadata, "facenet.fingerprint", file),
                     {text_or_empty(metadata, "facenet.training_state"), std::move(training)}};
  ModelData& model = loaded.model;
  if (fingerprint(graph_text, contract_text, model.graph.parameters()) != loaded.fingerprint) {
    throw FormatError(file + ": its graph and weights do not match their fingerprint" + damaged);
  }
  take_notes(model, metadata, file);
  return loaded;
}

}  // namespace facenet
