// Embeddings as an npz file: a zip archive of arrays that are stored as they are.
#include <algorithm>
#include <bit>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/error.hpp>

#include "base/files.hpp"
#include "io/inflate.hpp"
#include "io/npy.hpp"

namespace facenet {
namespace {

constexpr std::uint64_t kMostBytes = 0xffffffffU;  // what a plain zip archive can say

void put(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 0xffU);
}

// Characters of UTF-8; of bytes that are none, U+DC00 and the byte for each (PEP 383).
std::u32string characters(const std::string& text) {
  std::u32string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const int ones = std::countl_one(byte(at));
    const std::size_t length = ones == 0 ? 1 : static_cast<std::size_t>(ones);
    bool sound = ones == 0 || (ones >= 2 && ones <= 4 && at + length <= text.size());
    char32_t value = ones == 0 ? byte(at) : byte(at) & (0x7fU >> static_cast<unsigned>(ones));
    for (std::size_t i = at + 1; sound && i < at + length; ++i) {
      sound = (byte(i) & 0xc0U) == 0x80U;
      value = value << 6U | (byte(i) & 0x3fU);
    }
    constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    sound =
        sound && value >= kLeast[length == 1 ? 0 : length] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
    result += sound ? value : 0xdc00U + byte(at);
    at += sound ? length : 1;
  }
  return result;
}

// [N] texts, each padded with zeros to the longest.
std::string texts(std::span<const std::string> list) {
  std::vector<std::u32string> rows;
  std::size_t longest = 1;
  for (const auto& text : list) {
    rows.push_back(characters(text));
    longest = std::max(longest, rows.back().size());
  }
  if (rows.size() * longest > kMostBytes / 4) throw InvalidArgument("the names of the files take more than 4 GiB");
  std::string bytes = npy_header("<U" + std::to_string(longest), rows.size());
  for (auto& row : rows) {
    row.resize(longest);
    bytes.append(reinterpret_cast<const char*>(row.data()), longest * sizeof(char32_t));
  }
  return bytes;
}

class Archive {
 public:
  explicit Archive(const std::filesystem::path& path) : file_(path) {}

  void add(const std::string& name, const std::string& bytes) {
    // Version 2.0, stored, the first day that zip knows: the same embeddings give the same file.
    std::string entry;
    put(entry, 20, 2);
    put(entry, 0, 4);
    put(entry, 0x00210000, 4);
    put(entry, crc32({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}), 4);
    put(entry, bytes.size(), 4);
    put(entry, bytes.size(), 4);
    put(entry, name.size(), 2);
    put(entry, 0, 2);
    put(directory_, 0x02014b50, 4);
    put(directory_, 20, 2);
    directory_ += entry;
    directory_.append(10, '\0');  // no comment, disk 0, no attributes
    put(directory_, written_, 4);
    directory_ += name;
    std::string local;
    put(local, 0x04034b50, 4);
    local += entry + name;
    write(local);
    write(bytes);
    ++count_;
  }

  void finish() {
    const std::uint64_t begin = written_;
    const std::uint64_t size = directory_.size();
    put(directory_, 0x06054b50, 4);
    put(directory_, 0, 4);
    put(directory_, count_, 2);
    put(directory_, count_, 2);
    put(directory_, size, 4);
    put(directory_, begin, 4);
    put(directory_, 0, 2);
    write(directory_);
    file_.commit();
  }

 private:
  void write(const std::string& bytes) {
    written_ += bytes.size();
    if (written_ > kMostBytes) throw InvalidArgument("an .npz file holds up to 4 GiB: write an .npy file");
    file_.write(bytes);
  }

  AtomicFile file_;
  std::string directory_;
  std::uint64_t written_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace

void write_npz(const std::filesystem::path& path, const NamedEmbeddings& named) {
  const auto& [embeddings, files, faces, norms] = named;
  const std::size_t rows = embeddings.size();
  if (rows * embeddings.dimension != embeddings.values.size() || files.size() != rows || faces.size() != rows ||
      (!norms.empty() && norms.size() != rows)) {
    throw InvalidArgument(std::to_string(rows) + " embeddings need as many files, numbers of faces and norms, not " +
                          std::to_string(files.size()) + ", " + std::to_string(faces.size()) + " and " +
                          std::to_string(norms.size()));
  }
  const auto array = [](std::string bytes, const auto& values) {
    bytes.append(reinterpret_cast<const char*>(values.data()), std::span(values).size_bytes());
    return bytes;
  };
  Archive archive(path);
  archive.add("embeddings.npy", array(npy_header("<f4", rows, embeddings.dimension), embeddings.values));
  archive.add("file.npy", texts(files));
  archive.add("face.npy", array(npy_header("<i8", rows), faces));
  if (!norms.empty()) archive.add("norm.npy", array(npy_header("<f4", rows), norms));
  archive.finish();
}

}  // namespace facenet
