// Squared distances between many rows at once: rows packed 16 by 16, and the blocked matrix product that reads them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace facenet {

/// Rows [n,d], transposed in groups of 16 so that one vector load gives 16 rows' values of a dimension, each row with a
/// bias. distance(a, b) = max(0, bias(a) + bias(b) - 2 <a, b>): squared L2 when the biases are the squared norms.
/// Every product is summed over the dimensions in order, so that its bits depend on the two rows alone: not on the
/// position in a block, on the order of the two, or on the number of threads.
class Panels {
 public:
  static constexpr std::int64_t kWidth = 16;

  Panels(std::int64_t rows, std::int64_t dimension);
  /// All of `rows` [n,d], biased with their squared norms.
  Panels(std::span<const float> rows, std::int64_t n, std::int64_t dimension);

  std::int64_t size() const { return size_; }
  std::int64_t dimension() const { return dimension_; }
  std::int64_t panels() const { return (size_ + kWidth - 1) / kWidth; }

  void set(std::int64_t row, const float* values, float bias);
  float bias(std::int64_t row) const { return biases_[static_cast<std::size_t>(row)]; }
  /// As Scan (metric/scan.hpp) takes them; rows past size() of the last panel hold no meaning.
  const float* data() const { return reinterpret_cast<const float*>(memory_.get()); }
  const float* biases() const { return biases_.data(); }

  /// Distances of `count` queries [count,d] to the rows of panels [begin, end): out[i * stride + j - 16 * begin]. The
  /// stride is at least 16 * (end - begin); the columns past size() of the last panel hold no meaning.
  void distances(const float* queries, const float* biases, std::int64_t count, std::int64_t begin, std::int64_t end,
                 float* out, std::int64_t stride) const;

 private:
  std::int64_t size_;
  std::int64_t dimension_;
  std::shared_ptr<std::byte> memory_;
  std::vector<float> biases_;
};

/// |row|^2 of each row [n,d], summed as Panels sums products: a row's distance to its own copy is exactly zero.
std::vector<float> squared_norms(std::span<const float> rows, std::int64_t n, std::int64_t dimension);

/// Throws InvalidArgument unless `values` holds n*d finite numbers; `what` begins the message.
void require_finite_rows(std::span<const float> values, std::size_t n, std::size_t d, const char* what);

}  // namespace facenet
