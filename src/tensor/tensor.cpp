// Shapes, specifications and tensors.
#include "tensor/tensor.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <facenet/error.hpp>

#include "base/aligned.hpp"

namespace facenet {

Shape::Shape(std::span<const std::int64_t> dims) : rank_(dims.size()) {
  if (rank_ > kMaxRank) throw InvalidArgument("a shape has at most 6 extents, not " + std::to_string(rank_));
  std::copy(dims.begin(), dims.end(), dims_.begin());
  if (std::any_of(dims.begin(), dims.end(), [](auto d) { return d < 0; })) {
    throw InvalidArgument("a shape cannot have a negative extent: " + text());
  }
}

std::string Shape::text() const {
  std::string text = "[";
  for (std::size_t i = 0; i < rank_; ++i) text += (i == 0 ? "" : ",") + std::to_string(dims_[i]);
  return text + "]";
}

std::size_t bytes_of(DataType type) {
  switch (type) {
    case DataType::f32:
      return 4;
    case DataType::bf16:
      return 2;
    case DataType::u8:
    case DataType::s8:
      return 1;
  }
  return 0;
}

std::string_view name_of(DataType type) {
  switch (type) {
    case DataType::f32:
      return "f32";
    case DataType::bf16:
      return "bf16";
    case DataType::u8:
      return "u8";
    case DataType::s8:
      return "s8";
  }
  return "";
}

std::string_view name_of(Layout layout) {
  switch (layout) {
    case Layout::plain:
      return "plain";
    case Layout::nhwc:
      return "nhwc";
    case Layout::blocked8:
      return "blocked8";
    case Layout::blocked16:
      return "blocked16";
  }
  return "";
}

std::int64_t block_of(Layout layout) {
  if (layout == Layout::blocked8) return 8;
  return layout == Layout::blocked16 ? 16 : 1;
}

std::int64_t TensorSpec::stored_elements() const {
  const std::int64_t block = block_of(layout);
  if (block == 1) return shape.elements();
  const std::int64_t padded = (shape[1] + block - 1) / block * block;
  return shape[0] * padded * shape[2] * shape[3];
}

std::string TensorSpec::text() const {
  return shape.text() + " " + std::string(name_of(type)) + " " + std::string(name_of(layout));
}

Tensor::Tensor(const TensorSpec& spec) : spec_(spec), data_(aligned_bytes(spec.bytes())) {
  assert(spec.layout == Layout::plain || spec.shape.rank() == 4);
}

Tensor Tensor::zeros(const TensorSpec& spec) {
  Tensor tensor(spec);
  tensor.fill_zero();
  return tensor;
}

Tensor Tensor::from(const Shape& shape, std::span<const float> values) {
  assert(static_cast<std::int64_t>(values.size()) == shape.elements());
  Tensor tensor(TensorSpec{shape});
  std::copy(values.begin(), values.end(), tensor.floats().begin());
  return tensor;
}

std::span<float> Tensor::floats() const {
  assert(spec_.type == DataType::f32 && spec_.layout == Layout::plain);
  return {reinterpret_cast<float*>(data_.get()), static_cast<std::size_t>(spec_.shape.elements())};
}

Tensor Tensor::clone() const {
  if (!data_) return {};
  Tensor copy(spec_);
  std::memcpy(copy.raw(), raw(), spec_.bytes());
  return copy;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  assert(spec_.layout == Layout::plain && shape.elements() == spec_.shape.elements());
  return {TensorSpec{shape, spec_.type, Layout::plain}, data_};
}

void Tensor::fill_zero() const { std::memset(data_.get(), 0, spec_.bytes()); }

}  // namespace facenet
