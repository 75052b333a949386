// Arrays of numbers: npy, npz with its zip archive, deflate streams, clusters, codes with their codec.
#include <cstring>
#include <utility>

#include <facenet/codes.hpp>
#include <facenet/known_clusters.hpp>

#include "../format/npz_files.hpp"
#include "io/inflate.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "through_file.hpp"

namespace facenet::fuzz {
namespace {

using Input = std::span<const std::uint8_t>;

std::vector<Bytes> npys() {
  const OneFile file(".npy");
  const Embeddings rows{3, {0.5F, -1, 2, 0, 0.25F, 1}};
  return {file.made_by([&](const auto& path) { write_npy(path, rows); })};
}
void read_npy_bytes(Input bytes) { parse_npy(bytes, "fuzz"); }
void read_array(Input bytes) { parse_npy_array(bytes, "fuzz"); }

std::vector<Bytes> npzs() {
  return {Bytes(std::begin(test::kStored), std::end(test::kStored)),
          Bytes(std::begin(test::kDeflated), std::end(test::kDeflated))};
}
void read_archive(Input bytes) { parse_npz(bytes, "fuzz"); }

std::vector<Bytes> named() {
  const OneFile file(".npz");
  const NamedEmbeddings rows{{2, {1, 0, 0, 1}}, {"a/\xc3\xa9.jpg", "b\xff.png"}, {0, 7}, {9, 8}};
  return {file.made_by([&](const auto& path) { write_npz(path, rows); })};
}

// With the checksums that damaged arrays need to be looked at, of an archive that write_npz has written.
void read_named(Input bytes) {
  Bytes file(bytes.begin(), bytes.end());
  const auto u32 = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, file.data() + at, 4);
    return std::size_t{value};
  };
  std::size_t at = file.size() < 22 ? file.size() : u32(file.size() - 6);
  while (at + 46 <= file.size() && u32(at) == 0x02014b50U) {
    const std::size_t name = file[at + 28] + std::size_t{256} * file[at + 29];
    const std::size_t content = u32(at + 42) + 30 + name;
    const std::size_t size = u32(at + 20);
    if (content <= file.size() && size <= file.size() - content) {
      const std::uint32_t crc = crc32(std::span(file).subspan(content, size));
      std::memcpy(file.data() + at + 16, &crc, 4);
    }
    at += 46 + name;
  }
  parse_named_embeddings(file, "fuzz");
}

// Two bytes say how long the result is to be, then comes the stream.
Bytes stream(Input deflated, unsigned size) {
  Bytes bytes{static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8U)};
  for (const std::uint8_t byte : deflated) bytes.push_back(byte);  // GCC 12 sees an overflow in vector::insert
  return bytes;
}
std::vector<Bytes> streams() { return {stream(test::kPlain, 8), stream(test::kFixed, 63)}; }
void read_stream(Input bytes) {
  const auto size = bytes.size() < 2 ? 0U : bytes[0] + 256U * bytes[1];
  inflate(bytes.subspan(std::min<std::size_t>(bytes.size(), 2)), size, "fuzz");
}

std::vector<Bytes> clusters() {
  const OneFile file(".clusters");
  KnownClusters::Data data;  // set one by one: GCC 12 sees a use after free in one braced list
  data.means = {2, {1, 0, 0, 1, 0.5F, 0.5F}};
  data.spreads = {0, 0.25F, 0};
  data.sizes = {1, 5, 1};
  data.different = {{0, 1}, {0, 2}};
  data.threshold = 1.1F;
  const KnownClusters known(std::move(data));
  return {file.made_by([&](const auto& path) { known.save(path); })};
}
void read_clusters(Input bytes) {
  static const OneFile file(".clusters-damaged");
  KnownClusters::open(file.with(bytes));
}

// An npy file of codes, behind its size in two bytes; then the codec.
std::vector<Bytes> coded() {
  std::vector<Bytes> files;
  Embeddings rows{3, {}};
  for (int i = 0; i < 24; ++i) rows.values.push_back(static_cast<float>((i * 7) % 11) / 8 - 0.5F);
  for (const char* form : {"8bit", "1bit", "pca2"}) {
    const Codec codec = Codec::calibrate(rows, form);
    const OneFile npy(".codes.npy");
    const OneFile text(".codes.csv");
    const OneFile beside(".codes.codec.json");
    Bytes array = npy.made_by([&](const auto& path) {
      write_codes(path, {codec, codec.encode(rows)}, text.path(), "");
    });
    const Bytes json = read_file(beside.path());
    Bytes file{static_cast<std::uint8_t>(array.size()), static_cast<std::uint8_t>(array.size() >> 8U)};
    for (const std::uint8_t byte : array) file.push_back(byte);
    for (const std::uint8_t byte : json) file.push_back(byte);
    files.push_back(file);
  }
  return files;
}
void read_coded(Input bytes) {
  static const OneFile npy(".coded.npy");
  static const OneFile beside(".coded.codec.json");
  const std::size_t size = bytes.size() < 2 ? 0 : bytes[0] + std::size_t{256} * bytes[1];
  const Input rest = bytes.subspan(std::min<std::size_t>(bytes.size(), 2));
  npy.with(rest.first(std::min(size, rest.size())));
  beside.with(rest.subspan(std::min(size, rest.size())));
  const CodedEmbeddings read = read_codes(npy.path());
  const Embeddings rows = read.codec.decode(read.codes);
  if (rows.size() > 0) {
    read.codec.distance(rows[0], read.codes[0]);
    read.codec.encode(rows);
  }
}

constexpr Target kTargets[] = {{"npy", npys, read_npy_bytes},     {"npy-array", npys, read_array},
                               {"npz", npzs, read_archive},       {"npz-named", named, read_named},
                               {"inflate", streams, read_stream}, {"clusters", clusters, read_clusters},
                               {"codes", coded, read_coded}};

}  // namespace

std::span<const Target> array_targets() { return kTargets; }

}  // namespace facenet::fuzz
