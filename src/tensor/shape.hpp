// The extents of a tensor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace facenet {

/// Up to six extents, outermost first: [N,C,H,W] for images, [N,D] for embeddings, [O,I,H,W] for weights.
class Shape {
 public:
  static constexpr std::size_t kMaxRank = 6;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  /// InvalidArgument when there are more than six extents or one is negative.
  explicit Shape(std::span<const std::int64_t> dims);

  std::size_t rank() const { return rank_; }
  std::int64_t operator[](std::size_t i) const { return dims_[i]; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), rank_}; }
  std::int64_t elements() const {
    std::int64_t product = 1;
    for (const auto dim : dims()) product *= dim;
    return product;
  }
  /// The same shape with another first extent.
  Shape with_batch(std::int64_t batch) const {
    Shape copy = *this;
    copy.dims_[0] = batch;
    return copy;
  }
  bool operator==(const Shape&) const = default;
  /// "[32,64,24,24]"
  std::string text() const;

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  std::size_t rank_ = 0;
};

}  // namespace facenet
