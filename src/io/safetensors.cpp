// safetensors: 8 bytes of header length, a JSON header, the tensors' bytes.
#include "io/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <tuple>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "io/json.hpp"

namespace facenet {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored as they lie in memory");

constexpr std::uint64_t kMaxHeader = 100'000'000;  // as the reference implementation has it
constexpr std::int64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();

std::uint64_t bytes_of_dtype(const std::string& dtype) {
  static const std::map<std::string, std::uint64_t> kSizes = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};
  const auto found = kSizes.find(dtype);
  return found == kSizes.end() ? 0 : found->second;
}

struct Entry {
  NamedTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& name, const Json& json, std::uint64_t data_bytes, const std::string& file) {
  const std::string what = file + ": tensor '" + name + "'";
  Entry entry;
  entry.tensor.name = name;
  entry.tensor.dtype = member(json, "dtype", Json::value_t::string, what).get<std::string>();
  const std::uint64_t size = bytes_of_dtype(entry.tensor.dtype);
  if (size == 0) throw FormatError(what + " has the unknown type '" + entry.tensor.dtype + "'");
  const Json& shape = member(json, "shape", Json::value_t::array, what);
  if (shape.size() > Shape::kMaxRank) throw FormatError(what + " has more than 6 dimensions");
  std::vector<std::int64_t> dims;
  std::uint64_t bytes = size;
  for (const auto& dim : shape) {
    dims.push_back(checked_integer(dim, 0, kMaxOffset, what + ", shape"));
    const auto extent = static_cast<std::uint64_t>(dims.back());
    if (extent != 0 && bytes > data_bytes / extent) throw FormatError(what + " is larger than the file");
    bytes *= extent;
  }
  entry.tensor.shape = Shape(dims);
  const Json& offsets = member(json, "data_offsets", Json::value_t::array, what);
  if (offsets.size() != 2) throw FormatError(what + ": data_offsets must be a begin and an end");
  entry.begin = static_cast<std::uint64_t>(checked_integer(offsets[0], 0, kMaxOffset, what + ", begin"));
  entry.end = static_cast<std::uint64_t>(checked_integer(offsets[1], 0, kMaxOffset, what + ", end"));
  if (entry.begin > entry.end || entry.end > data_bytes) {
    throw FormatError(what + " lies outside the file, which has " + std::to_string(data_bytes) +
                      " bytes of data: it may be cut off");
  }
  if (entry.end - entry.begin != bytes) {
    throw FormatError(what + " " + entry.tensor.shape.text() + " " + entry.tensor.dtype + " does not fit its " +
                      std::to_string(entry.end - entry.begin) + " bytes");
  }
  return entry;
}

}  // namespace

NamedTensor NamedTensor::of(const std::string& name, const Tensor& tensor) {
  const auto floats = tensor.floats();
  return {name, "F32", tensor.shape(), std::as_bytes(floats), tensor.storage()};
}

Tensor NamedTensor::tensor() const {
  if (dtype != "F32") throw FormatError("tensor '" + name + "' is " + dtype + ", where F32 is wanted");
  Tensor copy(TensorSpec{shape});
  if (!bytes.empty()) std::memcpy(copy.raw(), bytes.data(), bytes.size());
  return copy;
}

const NamedTensor* SafetensorsFile::find(const std::string& name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

SafetensorsFile parse_safetensors(std::vector<std::uint8_t> content, const std::string& name) {
  const std::string file = "'" + name + "'";
  const auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(content));
  const auto bytes = std::as_bytes(std::span(*owner));
  std::uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) {
    throw FormatError(file + " is not a safetensors file: it has only " + std::to_string(bytes.size()) + " bytes");
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  if (header_bytes > kMaxHeader || header_bytes > bytes.size() - sizeof header_bytes) {
    throw FormatError(file + " is not a safetensors file, or is cut off: its header would have " +
                      std::to_string(header_bytes) + " bytes");
  }
  const auto data = bytes.subspan(sizeof header_bytes + header_bytes);
  const Json header = parse_json(
      {reinterpret_cast<const char*>(owner->data()) + sizeof header_bytes, static_cast<std::size_t>(header_bytes)},
      file + " is not a safetensors file: its header");
  if (!header.is_object()) throw FormatError(file + " is not a safetensors file: its header is not an object");

  SafetensorsFile result;
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") {
      entries.push_back(parse_entry(key, value, data.size(), file));
      continue;
    }
    if (!value.is_object()) throw FormatError(file + ": its metadata are not an object");
    for (const auto& [word, text] : value.items()) {
      if (!text.is_string()) throw FormatError(file + ": metadata '" + word + "' is not a string");
      result.metadata.emplace(word, text.get<std::string>());
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
  });
  std::uint64_t position = 0;
  for (auto& entry : entries) {
    if (entry.begin != position) {
      throw FormatError(file + ": tensor '" + entry.tensor.name + "' begins at " + std::to_string(entry.begin) +
                        " where the one before it ends at " + std::to_string(position));
    }
    entry.tensor.bytes = data.subspan(entry.begin, entry.end - entry.begin);
    entry.tensor.owner = owner;
    position = entry.end;
    result.tensors.push_back(std::move(entry.tensor));
  }
  if (position != data.size()) {
    throw FormatError(file + ": " + std::to_string(data.size() - position) + " bytes follow the last tensor");
  }
  return result;
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), printable(path));
}

void write_safetensors(const std::filesystem::path& path, const SafetensorsFile& content) {
  Json header = Json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::uint64_t position = 0;
  for (const auto& tensor : content.tensors) {
    const auto expected = static_cast<std::uint64_t>(tensor.shape.elements()) * bytes_of_dtype(tensor.dtype);
    if (tensor.bytes.size() != expected || bytes_of_dtype(tensor.dtype) == 0) {
      throw InvalidArgument("tensor '" + tensor.name + "' " + tensor.shape.text() + " " + tensor.dtype +
                            " does not fit its " + std::to_string(tensor.bytes.size()) + " bytes");
    }
    if (header.contains(tensor.name) || tensor.name == "__metadata__") {
      throw InvalidArgument("two tensors are called '" + tensor.name + "', or the name is reserved");
    }
    const std::vector<std::int64_t> dims(tensor.shape.dims().begin(), tensor.shape.dims().end());
    header[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", dims}, {"data_offsets", {position, position + tensor.bytes.size()}}};
    position += tensor.bytes.size();
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t header_bytes = text.size();
  if (header_bytes > kMaxHeader) throw InvalidArgument("the metadata of a safetensors file may have 100 MB at most");
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(text);
  for (const auto& tensor : content.tensors) file.write(tensor.bytes);
  file.commit();
}

}  // namespace facenet
