// Tensor: a shared handle to numbers in memory, with a logical shape and the layout they are stored in.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tensor/shape.hpp"

namespace facenet {

enum class DataType : std::uint8_t { f32, bf16, u8, s8 };

std::size_t bytes_of(DataType type);
std::string_view name_of(DataType type);

/// How the elements of a logical [N,C,H,W] lie in memory. Other ranks are always plain.
///   plain      row-major, as the shape reads
///   nhwc       channels innermost
///   blocked8   [N, C/8, H, W, 8], channels padded with zeros to a multiple of 8 (AVX2 kernels)
///   blocked16  [N, C/16, H, W, 16] likewise (AVX-512 kernels)
enum class Layout : std::uint8_t { plain, nhwc, blocked8, blocked16 };

std::string_view name_of(Layout layout);
/// Channels that lie side by side in a blocked layout; 1 in the others.
std::int64_t block_of(Layout layout);

/// All of a tensor but its data.
struct TensorSpec {
  Shape shape;
  DataType type = DataType::f32;
  Layout layout = Layout::plain;

  /// Elements in memory, padding included.
  std::int64_t stored_elements() const;
  std::size_t bytes() const { return static_cast<std::size_t>(stored_elements()) * bytes_of(type); }
  bool operator==(const TensorSpec&) const = default;
  /// "[32,64,24,24] f32 blocked16"
  std::string text() const;
};

/// Copies share the data, as handles do; `clone` copies it. An empty tensor (`!tensor`) has no data.
class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised, 64-byte aligned.
  explicit Tensor(const TensorSpec& spec);
  /// Views memory that somebody else keeps alive through `data`.
  Tensor(const TensorSpec& spec, std::shared_ptr<std::byte> data) : spec_(spec), data_(std::move(data)) {}

  static Tensor zeros(const TensorSpec& spec);
  static Tensor from(const Shape& shape, std::span<const float> values);

  explicit operator bool() const { return data_ != nullptr; }
  const TensorSpec& spec() const { return spec_; }
  const Shape& shape() const { return spec_.shape; }
  DataType type() const { return spec_.type; }
  Layout layout() const { return spec_.layout; }

  void* raw() const { return data_.get(); }
  const std::shared_ptr<std::byte>& storage() const { return data_; }
  /// The elements of a plain float tensor; asserts that it is one.
  std::span<float> floats() const;

  Tensor clone() const;
  /// The same data under another shape of as many elements; only for plain tensors.
  Tensor reshaped(const Shape& shape) const;
  void fill_zero() const;

 private:
  TensorSpec spec_;
  std::shared_ptr<std::byte> data_;
};

}  // namespace facenet
