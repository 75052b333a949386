// Entries of a journal to JSON and back.
#include "journal_entries.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>

namespace facenet::program {
namespace {

// Thrown, as a Json::exception is, where an entry is none, and caught in this file.
class Unknown : public std::exception {};

float finite(const Json& json) {
  const auto value = json.get<double>();
  if (!(std::abs(value) <= std::numeric_limits<float>::max())) throw Unknown();
  return static_cast<float>(value);
}

template <std::size_t size>
std::array<float, size> finite_array(const Json& json) {
  if (!json.is_array() || json.size() != size) throw Unknown();
  std::array<float, size> values{};
  std::transform(json.begin(), json.end(), values.begin(), finite);
  return values;
}

const Json& array(const Json& json) {
  if (!json.is_array()) throw Unknown();
  return json;
}

Json to_json(const DetectedFace& f) {
  return {f.box,          f.landmarks, f.confidence, f.quality.score, f.quality.size, f.quality.sharpness,
          f.quality.pose, f.turned,    f.cut_off,    f.tiny,          f.blurred};
}

DetectedFace detected_face(const Json& json) {
  DetectedFace face;
  face.box = finite_array<4>(json.at(0));
  face.landmarks = finite_array<10>(json.at(1));
  face.confidence = finite(json.at(2));
  face.quality = {finite(json.at(3)), finite(json.at(4)), finite(json.at(5)), finite(json.at(6))};
  const Json& turned = json.at(7);
  if (turned != 0 && turned != 90 && turned != 180 && turned != 270) throw Unknown();
  face.turned = turned.get<int>();
  face.cut_off = json.at(8).get<bool>();
  face.tiny = json.at(9).get<bool>();
  face.blurred = json.at(10).get<bool>();
  return face;
}

// To the bit, and quick.
std::string hexadecimal(std::span<const float> values) {
  std::string text;
  for (const float value : values) {
    std::array<char, 9> digits{};
    std::snprintf(digits.data(), digits.size(), "%08x", std::bit_cast<std::uint32_t>(value));
    text += digits.data();
  }
  return text;
}

std::vector<float> from_hexadecimal(const std::string& text) {
  std::vector<float> values;
  for (std::size_t at = 0; at < text.size(); at += 8) {
    std::uint32_t bits = 0;
    const char* begin = text.data() + at;
    const char* end = begin + std::min<std::size_t>(8, text.size() - at);
    const auto [stop, error] = std::from_chars(begin, end, bits, 16);
    values.push_back(std::bit_cast<float>(bits));
    if (error != std::errc() || stop != begin + 8 || !std::isfinite(values.back())) throw Unknown();
  }
  return values;
}

}  // namespace

Json entry_of(std::span<const DetectedFace> faces) {
  Json list = Json::array();
  for (const auto& face : faces) list.push_back(to_json(face));
  return list;
}

std::optional<std::vector<DetectedFace>> found_in(const Json& entry) {
  try {
    std::vector<DetectedFace> faces;
    for (const auto& face : array(entry)) faces.push_back(detected_face(face));
    return faces;
  } catch (const Json::exception&) {
  } catch (const Unknown&) {
  }
  return std::nullopt;
}

Json entry_of(std::span<const Face> faces, std::span<const float> rows) {
  Json list = Json::array();
  for (const Face& face : faces) {
    Json one{{"box", numbers(face.box)}};
    if (face.landmarks) one["landmarks"] = numbers(*face.landmarks);
    if (face.found) one["found"] = to_json(*face.found);
    one["norm"] = number(face.norm);
    list.push_back(std::move(one));
  }
  return {{"faces", list}, {"embeddings", hexadecimal(rows)}};
}

std::optional<KnownFaces> embedded_in(const Json& entry, const Input& input, std::size_t dimension, bool detected) {
  try {
    KnownFaces known;
    for (const auto& one : array(entry.at("faces"))) {
      Face face{input, known.faces.size(), finite_array<4>(one.at("box"))};
      if (one.contains("landmarks")) face.landmarks = finite_array<10>(one.at("landmarks"));
      if (detected) face.found = detected_face(one.at("found"));
      face.norm = finite(one.at("norm"));
      known.faces.push_back(std::move(face));
    }
    known.rows = from_hexadecimal(entry.at("embeddings").get<std::string>());
    if (known.rows.size() == known.faces.size() * dimension) return known;
  } catch (const Json::exception&) {
  } catch (const Unknown&) {
  }
  return std::nullopt;
}

}  // namespace facenet::program
