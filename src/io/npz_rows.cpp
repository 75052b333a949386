// Embeddings and whose they are, from an npz file.
#include <algorithm>
#include <cstring>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "io/npz.hpp"

namespace facenet {
namespace {

class Arrays {
 public:
  Arrays(std::span<const std::uint8_t> bytes, const std::string& name)
      : file_("'" + name + "'"), arrays_(parse_npz(bytes, name)) {}

  bool has(const std::string& name) const { return find(name) != arrays_.end(); }

  /// `dtype` is how its type begins, "<U" for text of any length.
  const NamedTensor& get(const std::string& name, std::size_t rank, const char* dtype, const char* wanted) const {
    const auto array = find(name);
    if (array == arrays_.end()) throw FormatError(file_ + " has no array '" + name + "', " + wanted);
    if (array->shape.rank() != rank || !array->dtype.starts_with(dtype)) {
      throw FormatError(file_ + ": the array '" + name + "' is " + array->shape.text() + " " + array->dtype +
                        ", and wanted are " + wanted);
    }
    return *array;
  }

  /// With a value for each of so many rows.
  const NamedTensor& column(const std::string& name, std::size_t rows, const char* dtype, const char* wanted) const {
    const NamedTensor& array = get(name, 1, dtype, wanted);
    if (static_cast<std::size_t>(array.shape[0]) != rows) {
      throw FormatError(file_ + ": the array '" + name + "' has " + std::to_string(array.shape[0]) +
                        " rows, but 'embeddings' has " + std::to_string(rows) + ": they do not belong together");
    }
    return array;
  }

 private:
  std::vector<NamedTensor>::const_iterator find(const std::string& name) const {
    return std::find_if(arrays_.begin(), arrays_.end(), [&](const auto& array) { return array.name == name; });
  }

  std::string file_;
  std::vector<NamedTensor> arrays_;
};

template <typename Number>
std::vector<Number> numbers_of(const NamedTensor& array) {
  std::vector<Number> numbers(array.bytes.size() / sizeof(Number));
  if (!numbers.empty()) std::memcpy(numbers.data(), array.bytes.data(), array.bytes.size());
  return numbers;
}

// UTF-8; U+DC80 to U+DCFF are bytes that are none (PEP 383).
std::string text_of(std::u32string_view characters, const std::string& what) {
  std::string text;
  for (const char32_t value : characters) {
    const bool byte = value >= 0xdc80 && value <= 0xdcff;
    if (value == 0 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff && !byte)) {
      throw FormatError(what + " is no text");
    }
    if (value < 0x80 || byte) {
      text += static_cast<char>(value & 0xffU);
      continue;
    }
    constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
    unsigned more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;  // bytes that follow
    text += static_cast<char>(kLead[more] | value >> 6 * more);
    while (more-- > 0) text += static_cast<char>(0x80U | (value >> 6 * more & 0x3fU));
  }
  return text;
}

// Of rows of so many characters, filled up with zeros.
std::vector<std::string> texts_of(const NamedTensor& array, const std::string& file) {
  const auto rows = static_cast<std::size_t>(array.shape[0]);
  const auto characters = numbers_of<char32_t>(array);
  const std::size_t longest = rows == 0 ? 0 : characters.size() / rows;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < rows; ++i) {
    std::u32string_view row(characters.data() + i * longest, longest);
    row = row.substr(0, row.find_last_not_of(U'\0') + 1);
    texts.push_back(text_of(row, "'" + file + "': '" + array.name + "' of row " + std::to_string(i)));
  }
  return texts;
}

}  // namespace

NamedEmbeddings parse_named_embeddings(std::span<const std::uint8_t> bytes, const std::string& name) {
  const Arrays arrays(bytes, name);
  const NamedTensor& matrix = arrays.get("embeddings", 2, "F32", "embeddings, [N,D] float32");
  NamedEmbeddings named{{static_cast<std::size_t>(matrix.shape[1]), numbers_of<float>(matrix)}};
  const auto rows = static_cast<std::size_t>(matrix.shape[0]);
  named.files = texts_of(arrays.column("file", rows, "<U", "the files of the rows, [N] text"), name);
  named.faces.resize(rows);
  if (arrays.has("face")) {
    named.faces = numbers_of<std::int64_t>(
        arrays.column("face", rows, "I64", "the faces' numbers in their files, [N] 64-bit integers"));
    const auto wrong = std::find_if(named.faces.begin(), named.faces.end(), [](std::int64_t face) { return face < 0; });
    if (wrong != named.faces.end()) {
      throw FormatError("'" + name + "': face " + std::to_string(*wrong) + " is no number of a face");
    }
  }
  if (arrays.has("norm")) {
    named.norms = numbers_of<float>(
        arrays.column("norm", rows, "F32", "lengths before they were brought to unit length, [N] float32"));
  }
  return named;
}

NamedEmbeddings read_npz(const std::filesystem::path& path) {
  return parse_named_embeddings(read_file(path), printable(path));
}

}  // namespace facenet
