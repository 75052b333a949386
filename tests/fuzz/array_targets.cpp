// Arrays of numbers: npy, npz with its zip archive, deflate streams, clusters.
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
  const KnownClusters known({{2, {1, 0, 0, 1, 0.5F, 0.5F}}, {0, 0.25F, 0}, {1, 5, 1}, {{0, 1}, {0, 2}}, 1.1F});
  return {file.made_by([&](const auto& path) { known.save(path); })};
}
void read_clusters(Input bytes) {
  static const OneFile file(".clusters-damaged");
  KnownClusters::open(file.with(bytes));
}

constexpr Target kTargets[] = {{"npy", npys, read_npy_bytes},
                               {"npy-array", npys, read_array},
                               {"npz", npzs, read_archive},
                               {"inflate", streams, read_stream},
                               {"clusters", clusters, read_clusters}};

}  // namespace

std::span<const Target> array_targets() { return kTargets; }

}  // namespace facenet::fuzz
