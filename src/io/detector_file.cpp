// Detector files.
#include "io/detector_file.hpp"

#include <array>
#include <utility>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "io/safetensors.hpp"

namespace facenet {
namespace {

constexpr const char* kVersion = "1";
constexpr const char* kKind = "mtcnn";

using Part = std::pair<const char*, StateDict DetectorData::*>;
constexpr std::array<Part, 3> kParts{Part{"pnet/", &DetectorData::pnet}, Part{"rnet/", &DetectorData::rnet},
                                     Part{"onet/", &DetectorData::onet}};

std::string checksum(const SafetensorsFile& file) {
  Sha256 hash;
  for (const auto& [key, text] : file.metadata) {
    if (key == "facenet.checksum") continue;
    hash.update(key + ":" + std::to_string(text.size()) + ":");
    hash.update(text);
  }
  for (const auto& tensor : file.tensors) {
    hash.update(tensor.name + ":" + tensor.shape.text() + ":");
    hash.update(tensor.bytes);
  }
  return hash.hex();
}

std::string text_of(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string() : found->second;
}

}  // namespace

void save_detector(const std::filesystem::path& path, const DetectorData& detector) {
  SafetensorsFile file;
  file.metadata = {{"facenet.format", kVersion},
                   {"facenet.detector", kKind},
                   {"facenet.licence", detector.licence},
                   {"facenet.data", detector.data_notes}};
  for (const auto& [prefix, member] : kParts) {
    for (const auto& [name, tensor] : detector.*member) file.tensors.push_back(NamedTensor::of(prefix + name, tensor));
  }
  file.metadata["facenet.checksum"] = checksum(file);
  write_safetensors(path, file);
}

DetectorData load_detector(const std::filesystem::path& path) {
  const SafetensorsFile content = read_safetensors(path);
  const std::string file = "'" + printable(path) + "'";
  if (text_of(content, "facenet.detector").empty()) {
    throw FormatError(file + " is not a face detector" +
                      (content.metadata.contains("facenet.graph") ? ": it is a model, to be given with --model" : ""));
  }
  if (text_of(content, "facenet.detector") != kKind || text_of(content, "facenet.format") != kVersion) {
    throw FormatError(file + " is a detector of a kind or version that this library does not read");
  }
  if (checksum(content) != text_of(content, "facenet.checksum")) {
    throw FormatError(file + " does not match its checksum: the file is damaged; fetch or make it again");
  }
  DetectorData detector;
  detector.licence = text_of(content, "facenet.licence");
  detector.data_notes = text_of(content, "facenet.data");
  for (const auto& tensor : content.tensors) {
    bool used = false;
    for (const auto& [prefix, member] : kParts) {
      if (!tensor.name.starts_with(prefix)) continue;
      (detector.*member).emplace(tensor.name.substr(std::string_view(prefix).size()), tensor.tensor());
      used = true;
    }
    if (!used) throw FormatError(file + ": nothing uses the tensor '" + tensor.name + "'");
  }
  return detector;
}

}  // namespace facenet
