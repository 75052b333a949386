// Places in ONNX's constants, and new ones.
#include "io/onnx_folding.hpp"

#include <algorithm>

namespace facenet {

std::vector<std::size_t> onnx_strides(const Shape& shape) {
  std::vector<std::size_t> result(shape.rank(), 1);
  for (std::size_t i = shape.rank(); i-- > 1;) result[i - 1] = result[i] * onnx_extent(shape, i);
  return result;
}

Shape onnx_broadcast(OnnxNode& node, const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.rank(), b.rank());
  const auto at = [rank](const Shape& shape, std::size_t i) {
    return i + shape.rank() < rank ? 1 : shape[i + shape.rank() - rank];
  };
  std::vector<std::int64_t> extents(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    extents[i] = at(a, i) == 1 ? at(b, i) : at(a, i);
    if (at(b, i) != 1 && at(b, i) != extents[i]) node.refuse("its sources' shapes do not broadcast");
  }
  return checked_onnx_shape(extents, node.what());
}

OnnxPlaces::OnnxPlaces(const Shape& from, const Shape& to) {
  const auto own = onnx_strides(from);
  const auto all = onnx_strides(to);
  for (std::size_t i = 0; i < from.rank(); ++i) {
    const std::size_t there = i + to.rank() - from.rank();
    if (from[i] == 1) continue;
    extents_.push_back(onnx_extent(from, i));
    to_.push_back(all[there]);
    from_.push_back(own[i]);
  }
}

std::size_t OnnxPlaces::operator()(std::size_t index) const {
  std::size_t place = 0;
  for (std::size_t i = 0; i < to_.size(); ++i) place += index / to_[i] % extents_[i] * from_[i];
  return place;
}

OnnxConstant empty_onnx_constant(OnnxNode& node, bool whole, const Shape& shape) {
  OnnxConstant result{.shape = checked_onnx_shape(shape.dims(), node.what()), .whole = whole};
  node.builder().spend(result.size() * sizeof(std::int64_t), node.what());
  if (whole) {
    result.integers.resize(result.size());
  } else {
    result.floats = Tensor(TensorSpec{shape});
  }
  return result;
}

OnnxConstant picked_onnx_constant(OnnxNode& node, const OnnxConstant& source, const Shape& shape,
                                  const std::function<std::size_t(std::size_t)>& from) {
  OnnxConstant result = empty_onnx_constant(node, source.whole, shape);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result.whole) {
      result.integers[i] = source.integers[from(i)];
    } else {
      result.floats.floats()[i] = source.floats.floats()[from(i)];
    }
  }
  return result;
}

}  // namespace facenet
