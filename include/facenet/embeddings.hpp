// A matrix of embeddings: what Embedder gives and what Verifier, Gallery, Clusterer and Evaluation take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/export.hpp>

namespace facenet {

/// [N,D] float32 rows, each of unit length unless said otherwise. A plain value: copy it, share it read-only.
struct Embeddings {
  std::size_t dimension = 0;
  std::vector<float> values;  ///< N * dimension numbers, row by row

  std::size_t size() const { return dimension == 0 ? 0 : values.size() / dimension; }
  std::span<const float> operator[](std::size_t row) const { return {values.data() + row * dimension, dimension}; }
  std::span<float> operator[](std::size_t row) { return {values.data() + row * dimension, dimension}; }
  void append(std::span<const float> embedding) {
    if (dimension == 0) dimension = embedding.size();
    values.insert(values.end(), embedding.begin(), embedding.end());
  }
};

/// Squared L2 distance of two embeddings: 0 to 4 between unit vectors (paper, section 3.1).
FACENET_API float squared_distance(std::span<const float> a, std::span<const float> b);

/// NumPy's .npy file of [N,D] float32, version 1.0, C order. Written whole or not at all; IoError when it cannot be.
FACENET_API void write_npy(const std::filesystem::path& path, const Embeddings& embeddings);

/// The same, with a text file `beside` it that says whose the rows are: neither takes its place before both have been
/// written.
FACENET_API void write_npy(const std::filesystem::path& path, const Embeddings& embeddings,
                           const std::filesystem::path& beside, std::string_view text);

/// Embeddings and whose each is: a plain value.
struct NamedEmbeddings {
  Embeddings embeddings{};
  std::vector<std::string> files{};   ///< [N]
  std::vector<std::int64_t> faces{};  ///< [N], numbers among those in the file
  std::vector<float> norms{};         ///< [N], before they were brought to unit length; empty: not known
};

/// NumPy's .npz archive: `embeddings` [N,D] float32, `file` [N] text, `face` [N] integers and, where known, `norm` [N]
/// float32. A file's name that is not UTF-8 stands there as Python would have it (os.fsdecode). Written whole or not at
/// all; IoError when it cannot be; InvalidArgument unless there is one of each for each row, and for more than 4 GiB.
FACENET_API void write_npz(const std::filesystem::path& path, const NamedEmbeddings& named);

/// Such an archive, compressed too; where it has no `face`, all are number 0. FormatError when an array is missing, of
/// another type, or has another number of rows than the embeddings.
FACENET_API NamedEmbeddings read_npz(const std::filesystem::path& path);

/// Versions 1.0 to 3.0, two dimensions, little-endian float32 in C order; anything else, and a size that is not that of
/// the file, is a FormatError.
FACENET_API Embeddings read_npy(const std::filesystem::path& path);

}  // namespace facenet
