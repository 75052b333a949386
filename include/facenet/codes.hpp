// Embeddings in few bytes: 128 for one of 128 dimensions (paper, section 4), or fewer at a price.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/export.hpp>

namespace facenet {

/// Codes [N,bytes], row by row. What they mean, their Codec says. A plain value: copy it, share it read-only.
struct Codes {
  std::size_t bytes = 0;  ///< of one code
  std::vector<std::uint8_t> values;

  std::size_t size() const { return bytes == 0 ? 0 : values.size() / bytes; }
  std::span<const std::uint8_t> operator[](std::size_t row) const { return {values.data() + row * bytes, bytes}; }
};

/// Embeddings of one dimension to codes and back, by ranges that were calibrated on embeddings. Immutable: one may
/// serve all threads; a copy is cheap. Costs: calibrating some passes over the sample (pcaN: D^2 operations a row, and
/// D^3), encoding D operations a row (pcaN: N D).
class FACENET_API Codec {
 public:
  /// `form` is one of
  /// - "8bit": a byte for each dimension, between two bounds. Bounds for each dimension or the same for all, and how
  /// many
  ///   values beyond them are clipped, is what leaves the least squared error on every other row of the sample;
  /// - "pcaN", N components (pca64): a byte for each of the N directions in which the sample varies most;
  /// - "1bit": whether a dimension is above its mean, eight dimensions a byte.
  /// `sample` [n,D] is like what will be encoded, of other people where accuracy is measured; of more than 100,000
  /// rows, as many are taken, evenly spaced. InvalidArgument for another form, fewer than 2 rows (pcaN: than N + 1), N
  /// above D, or a number that is not finite.
  static Codec calibrate(const Embeddings& sample, std::string_view form);

  /// InvalidArgument unless there is such a form: said before hours of work, not after.
  static void require_form(std::string_view form);

  const std::string& form() const;
  std::size_t dimension() const;  ///< D
  std::size_t bytes() const;      ///< of a code

  /// InvalidArgument when the dimension is another or a number is not finite. What lies beyond a bound becomes the
  /// bound.
  Codes encode(const Embeddings& embeddings) const;
  /// [N,D], near to unit length but not of it. InvalidArgument when the codes have another number of bytes.
  Embeddings decode(const Codes& codes) const;
  /// Squared L2 between an embedding as it is and one decoded: what the code has lost, it has lost on one side only.
  float distance(std::span<const float> query, std::span<const std::uint8_t> code) const;

  struct Data;
  explicit Codec(std::shared_ptr<const Data> data) : data_(std::move(data)) {}  ///< for the library itself
  const Data& data() const { return *data_; }                                   ///< for the library itself

 private:
  std::shared_ptr<const Data> data_;
};

/// Codes with what they mean.
struct CodedEmbeddings {
  Codec codec;
  Codes codes;
};

/// F.npy to F.codec.json, where the codec of a file of codes lies.
FACENET_API std::filesystem::path codec_beside(const std::filesystem::path& npy);

/// NumPy's .npy file of [N,bytes] uint8, its codec beside it (docs/file-formats.md), and a text file that says whose
/// the rows are: none takes its place before all have been written. IoError when they cannot be.
FACENET_API void write_codes(const std::filesystem::path& path, const CodedEmbeddings& coded,
                             const std::filesystem::path& beside, std::string_view text);

/// FormatError when either file is not what it should be, or they do not fit each other.
FACENET_API CodedEmbeddings read_codes(const std::filesystem::path& path);

/// Whether an .npy file holds codes, by its first bytes. False for what cannot be read, and for what is no such file.
FACENET_API bool holds_codes(const std::filesystem::path& path);

/// Embeddings from an .npy file of either kind: float32 as read_npy, or codes, decoded.
FACENET_API Embeddings read_embeddings(const std::filesystem::path& path);

}  // namespace facenet
