// Model files: a graph with its weights, and all else that changes an embedding.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.hpp"
#include "io/people_keys.hpp"
#include "io/safetensors.hpp"

namespace facenet {

/// How photographs become the network's input, beyond what the graph's first operator says itself.
struct Contract {
  /// Where the five points of a face belong in the input, pixels, x then y (as facenet::Landmarks); absent when the
  /// network was not trained on aligned faces.
  std::optional<std::array<float, 10>> template_points{};
  std::string template_name{};  ///< of the template, for people: "arcface-112", ...; empty without one
  /// Pixels of the input around the detector's box, of both sides together, for a network whose faces are cut out along
  /// it (see cut_box); absent otherwise, and where there is a template.
  std::optional<float> margin{};
  /// Without landmarks or box: the part of the largest centred square that is resized to the input, above 0, up to 1.
  float crop_fraction = 1;
};

/// What the graph itself says of its images: one source of truth, never stored twice.
struct ImageInput {
  int width = 0;
  int height = 0;
  std::array<float, 3> mean{};   ///< in the order of the network's channels, of values 0..255
  std::array<float, 3> scale{};  ///< input = (value - mean) * scale
  bool bgr = false;
};

/// InvalidArgument unless the graph reads images [1,H,W,3] through one image_to_tensor and gives [1,D].
ImageInput image_input_of(const Graph& graph);
/// Whether the network's input has pixels left beside this Contract::margin.
bool fits(float margin, const Graph& graph);
/// Whether embeddings leave the graph with unit length.
bool is_normalised(const Graph& graph);

struct ModelData {
  Graph graph;
  Contract contract{};
  std::string architecture{};  ///< "nn4", ...; empty for imported networks
  std::string licence{};       ///< of the weights
  std::string data_notes{};    ///< what the weights were trained on
  std::string training{};      ///< a JSON object: steps, options, date; empty without
  std::string calibration{};   ///< a JSON object: thresholds and their evidence; empty without
  std::string int8{};   ///< a JSON object: ranges of values for int8, and on what they were measured; empty without
  PeopleKeys people{};  ///< whom the weights were trained on; empty when not known
};

/// What a training checkpoint holds besides its model: a checkpoint is a model file that can be used as one.
struct TrainingExtras {
  std::string state;  ///< a JSON object: steps, options, ...; empty in a plain model file
  std::vector<NamedTensor> tensors;
};

/// SHA-256 of graph, weights and contract, 64 hexadecimal digits: equal fingerprints, equal embeddings. Licence, notes
/// and calibration do not count.
std::string fingerprint_of(const ModelData& model);

/// What a model file says about the model besides its graph, by key ("facenet.contract", "facenet.licence", ...); keys
/// that have nothing to say are absent. InvalidArgument when training notes or calibration are no JSON objects.
std::map<std::string, std::string> notes_of(const ModelData& model);
/// Puts such notes into a model that has its graph. FormatError, beginning with `what`, when one is damaged, or the
/// contract does not agree with the graph.
void take_notes(ModelData& model, const std::map<std::string, std::string>& notes, const std::string& what);

/// Writes the file whole or not at all. InvalidArgument when the model cannot be stored, IoError when the file cannot
/// be written.
void save_model(const std::filesystem::path& path, const ModelData& model, const TrainingExtras& extras = {});

struct LoadedModel {
  ModelData model;
  std::string fingerprint;
  TrainingExtras extras;
};

/// FormatError when the file is no model, is damaged (its fingerprint is verified), or of a version that this library
/// does not read; IoError when it cannot be read.
LoadedModel load_model(const std::filesystem::path& path);

}  // namespace facenet
