// Known clusters in a file: safetensors with a tensor for each part of KnownClusters::Data.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/files.hpp"
#include "facenet/error.hpp"
#include "facenet/known_clusters.hpp"
#include "io/safetensors.hpp"

namespace facenet {
namespace {

constexpr const char* kVersion = "facenet.clusters";
constexpr const char* kThreshold = "facenet.threshold";

template <typename Value>
NamedTensor tensor_of(const char* name, const char* dtype, const std::vector<Value>& values,
                      std::vector<std::int64_t> dims) {
  return {name, dtype, Shape(dims), std::as_bytes(std::span(values)), nullptr};
}

template <typename Value>
std::vector<Value> values_of(const SafetensorsFile& file, const char* name, const char* dtype, std::size_t rank,
                             const std::string& what) {
  const NamedTensor* const tensor = file.find(name);
  if (tensor == nullptr || tensor->dtype != dtype || tensor->shape.dims().size() != rank) {
    throw FormatError(what + ": there is no tensor '" + name + "' of " + std::to_string(rank) +
                      " dimensions and type " + dtype);
  }
  std::vector<Value> values(tensor->bytes.size() / sizeof(Value));
  if (!values.empty()) std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

// Whose the clusters are: files from before there were these have none.
void read_faces(const SafetensorsFile& file, KnownClusters::Data& data, const std::string& what) {
  if (file.find("labels") == nullptr) return;
  data.labels = values_of<std::int32_t>(file, "labels", "I32", 1, what);
  std::vector<std::int32_t> sizes(data.sizes.size());
  for (const std::int32_t label : data.labels) {
    if (label < Clustering::kNotAFace || label >= static_cast<std::int32_t>(sizes.size())) {
      throw FormatError(what + ": a face is in cluster " + std::to_string(label) + ", which there is not");
    }
    if (label >= 0) ++sizes[static_cast<std::size_t>(label)];
  }
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    if (sizes[c] > data.sizes[c]) throw FormatError(what + ": 'labels' and 'sizes' do not fit each other");
  }
  const auto files = values_of<char>(file, "files", "U8", 1, what);
  const auto faces = values_of<std::int32_t>(file, "faces", "I32", 1, what);
  const auto ends = static_cast<std::size_t>(std::count(files.begin(), files.end(), '\0'));
  if (ends != faces.size() || ends > data.labels.size() || (!files.empty() && files.back() != '\0')) {
    throw FormatError(what + ": 'files', 'faces' and 'labels' do not fit each other");
  }
  const char* at = files.data();
  for (const std::int32_t face : faces) {
    data.names.push_back({at, face});
    at += data.names.back().file.size() + 1;
  }
}

}  // namespace

void KnownClusters::save(const std::filesystem::path& path) const {
  const std::int64_t n = clusters();
  std::vector<std::int32_t> different;
  for (const auto& [a, b] : data_.different) different.insert(different.end(), {a, b});
  std::vector<char> files;  // each ends in a zero byte
  std::vector<std::int32_t> faces;
  for (const FaceName& name : data_.names) {
    files.insert(files.end(), name.file.c_str(), name.file.c_str() + name.file.size() + 1);
    faces.push_back(name.face);
  }
  SafetensorsFile file{{{kVersion, "1"}},
                       {tensor_of("means", "F32", data_.means.values, {n, static_cast<std::int64_t>(dimension())}),
                        tensor_of("spreads", "F32", data_.spreads, {n}), tensor_of("sizes", "I32", data_.sizes, {n}),
                        tensor_of("different", "I32", different, {static_cast<std::int64_t>(different.size() / 2), 2}),
                        tensor_of("labels", "I32", data_.labels, {static_cast<std::int64_t>(data_.labels.size())}),
                        tensor_of("files", "U8", files, {static_cast<std::int64_t>(files.size())}),
                        tensor_of("faces", "I32", faces, {static_cast<std::int64_t>(faces.size())})}};
  if (data_.threshold) {
    char text[64];
    file.metadata[kThreshold] = {text, std::to_chars(text, text + sizeof text, *data_.threshold).ptr};
  }
  write_safetensors(path, file);
}

KnownClusters KnownClusters::open(const std::filesystem::path& path) {
  const SafetensorsFile file = read_safetensors(path);
  const std::string what = "'" + printable(path) + "'";
  const auto version = file.metadata.find(kVersion);
  if (version == file.metadata.end()) {
    throw FormatError(what + " holds no clusters: 'facenet cluster --save' writes such a file");
  }
  if (version->second != "1") throw FormatError(what + ": clusters of a later version; this program knows version 1");
  Data data;
  data.means.values = values_of<float>(file, "means", "F32", 2, what);
  data.means.dimension = static_cast<std::size_t>(file.find("means")->shape[1]);
  data.spreads = values_of<float>(file, "spreads", "F32", 1, what);
  data.sizes = values_of<std::int32_t>(file, "sizes", "I32", 1, what);
  const auto different = values_of<std::int32_t>(file, "different", "I32", 2, what);
  const auto clusters = static_cast<std::int64_t>(data.sizes.size());
  if (file.find("means")->shape[0] != clusters || data.spreads.size() != data.sizes.size() ||
      file.find("different")->shape[1] != 2 || clusters > std::numeric_limits<std::int32_t>::max() ||
      (clusters > 0 && data.means.dimension == 0)) {
    throw FormatError(what + ": its tensors are of different numbers of clusters");
  }
  // Far beyond unit length: distances must be finite.
  for (const float value : data.means.values) {
    if (!(std::abs(value) < 1e6F)) throw FormatError(what + ": a mean is not finite, or beyond a million");
  }
  std::int64_t items = 0;
  for (std::size_t c = 0; c < data.sizes.size(); ++c) {
    if (!(data.spreads[c] >= 0 && data.spreads[c] < 1e12F) || data.sizes[c] < 0) {
      throw FormatError(what + ": cluster " + std::to_string(c) + " has an impossible size or spread");
    }
    items += data.sizes[c];
  }
  if (items > std::numeric_limits<std::int32_t>::max()) throw FormatError(what + ": more faces than can be");
  for (std::size_t i = 0; i < different.size(); i += 2) {
    const std::pair pair{different[i], different[i + 1]};
    const bool ascends = data.different.empty() || data.different.back() < pair;
    if (pair.first < 0 || pair.first >= pair.second || pair.second >= clusters || !ascends) {
      throw FormatError(what + ": row " + std::to_string(i / 2) + " of 'different' is no pair of clusters");
    }
    data.different.push_back(pair);
  }
  if (const auto said = file.metadata.find(kThreshold); said != file.metadata.end()) {
    const std::string& text = said->second;
    float threshold = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threshold);
    if (error != std::errc() || end != text.data() + text.size() || !(threshold >= 0)) {
      throw FormatError(what + ": threshold '" + text + "' is no number from 0 up");
    }
    data.threshold = threshold;
  }
  read_faces(file, data, what);
  return KnownClusters(std::move(data));
}

}  // namespace facenet
