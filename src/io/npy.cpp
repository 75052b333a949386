// NumPy's .npy files: a magic number, a Python dictionary as text, the numbers.
#include "io/npy.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include <facenet/error.hpp>

#include "base/files.hpp"

namespace facenet {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

constexpr std::string_view kMagic = "\x93NUMPY";

struct Header {
  std::optional<std::string> type;
  std::optional<bool> fortran;
  std::optional<std::vector<std::uint64_t>> shape;
};

// Reads the dictionary literal that numpy.save writes: three keys, each once, in any order.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Header read() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !header.type) {
        header.type = string();
      } else if (key == "fortran_order" && !header.fortran) {
        header.fortran = boolean();
      } else if (key == "shape" && !header.shape) {
        header.shape = tuple();
      } else {
        fail("the key '" + key + "' is unknown or stands there twice");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (!text_.empty()) fail("something follows the dictionary");
    if (!header.type || !header.fortran || !header.shape) fail("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { throw FormatError(file_ + ": its npy header: " + why); }
  void skip() {
    const auto at = text_.find_first_not_of(" \t\n");
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at);
  }
  bool accept(char c) {
    skip();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("'") + c + "' is missing");
  }
  bool accept_word(std::string_view word) {
    skip();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::string string() {
    skip();
    const char quote = text_.empty() ? '\0' : text_[0];
    if (quote != '\'' && quote != '"') fail("a string is missing (structured types are not read)");
    const auto end = text_.find(quote, 1);
    if (end == std::string_view::npos || end > 64) fail("a string does not end");
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (accept_word("False")) return false;
    fail("fortran_order must be True or False");
  }
  std::vector<std::uint64_t> tuple() {
    std::vector<std::uint64_t> values;
    expect('(');
    while (!accept(')')) {
      skip();
      std::uint64_t value = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc() || values.size() == 32) fail("the shape is not a tuple of whole numbers");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      values.push_back(value);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::string_view text_;
  std::string file_;
};

// Where the header's text lies: after the magic number, the version and a length of two or four bytes.
std::string_view header_text(std::span<const std::uint8_t> bytes, const std::string& file) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!all.starts_with(kMagic) || all.size() < 10) throw FormatError(file + " is not an npy file");
  const unsigned version = bytes[6];
  if (version < 1 || version > 3) {
    throw FormatError(file + " is an npy file of version " + std::to_string(version) + "; known are 1 to 3");
  }
  const std::size_t field = version == 1 ? 2 : 4;
  std::uint32_t length = 0;
  if (all.size() < 8 + field) throw FormatError(file + ": its npy header is cut off");
  std::memcpy(&length, bytes.data() + 8, field);
  if (length > all.size() - 8 - field) throw FormatError(file + ": its npy header is cut off");
  return all.substr(8 + field, length);
}

void write_rows(AtomicFile& file, const Embeddings& embeddings) {
  if (embeddings.size() * embeddings.dimension != embeddings.values.size()) {
    throw InvalidArgument("the embeddings are not whole rows of " + std::to_string(embeddings.dimension) + " numbers");
  }
  file.write(npy_header("<f4", embeddings.size(), embeddings.dimension));
  file.write(std::as_bytes(std::span(embeddings.values)));
}

}  // namespace

std::string npy_header(const std::string& type, std::size_t rows, std::optional<std::size_t> columns) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + std::to_string(rows) + "," +
                       (columns ? " " + std::to_string(*columns) : "") + "), }";
  // With the ten bytes before it and the newline after it, a multiple of 64: NumPy maps such files into memory.
  header.resize((header.size() + 10 + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::string start(kMagic);
  start += std::string("\x01\x00", 2);
  start += static_cast<char>(header.size() & 0xffU);
  start += static_cast<char>(header.size() >> 8U);
  return start + header;
}

void write_npy(const std::filesystem::path& path, const Embeddings& embeddings) {
  AtomicFile file(path);
  write_rows(file, embeddings);
  file.commit();
}

void write_npy(const std::filesystem::path& path, const Embeddings& embeddings, const std::filesystem::path& beside,
               std::string_view text) {
  AtomicFile file(path);
  write_rows(file, embeddings);
  AtomicFile text_file(beside);
  text_file.write(text);
  file.commit();
  text_file.commit();
}

NpyArray parse_npy_array(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string file = "'" + name + "'";
  const std::string_view text = header_text(bytes, file);
  const Header header = HeaderReader(text, file).read();
  if (*header.fortran) throw FormatError(file + " is in Fortran order: save it with numpy.ascontiguousarray");
  const auto begin = static_cast<std::size_t>(text.data() - reinterpret_cast<const char*>(bytes.data()));
  return {*header.type, *header.shape, bytes.subspan(begin + text.size())};
}

Embeddings parse_npy(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string file = "'" + name + "'";
  const NpyArray array = parse_npy_array(bytes, name);
  if (array.type != "<f4") {
    throw FormatError(file + " holds numbers of type '" + array.type + "', and embeddings are float32 ('<f4')");
  }
  const auto& shape = array.shape;
  if (shape.size() != 2) {
    throw FormatError(file + " has " + std::to_string(shape.size()) + " dimension(s), and embeddings have two: [N,D]");
  }
  const auto data = array.data;
  const std::uint64_t numbers = data.size() / sizeof(float);
  const bool fits = shape[1] == 0 ? numbers == 0 : shape[0] <= numbers / shape[1] && shape[0] * shape[1] == numbers;
  if (!fits || data.size() % sizeof(float) != 0 || (shape[1] == 0 && shape[0] != 0)) {
    throw FormatError(file + ": [" + std::to_string(shape[0]) + "," + std::to_string(shape[1]) +
                      "] float32 do not fit its " + std::to_string(data.size()) + " bytes of data: it may be cut off");
  }
  Embeddings embeddings;
  embeddings.dimension = static_cast<std::size_t>(shape[1]);
  embeddings.values.resize(static_cast<std::size_t>(numbers));
  if (numbers > 0) std::memcpy(embeddings.values.data(), data.data(), data.size());
  return embeddings;
}

Embeddings read_npy(const std::filesystem::path& path) { return parse_npy(read_file(path), printable(path)); }

}  // namespace facenet
