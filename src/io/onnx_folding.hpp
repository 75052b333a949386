// What the sources that compute with ONNX's constants share.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "io/onnx_builder.hpp"

namespace facenet {

struct OnnxFolder {
  std::string_view type;
  void (*fold)(OnnxNode& node);
};

std::span<const OnnxFolder> onnx_element_folders();  ///< element by element, and along an axis

inline std::size_t onnx_extent(const Shape& shape, std::size_t axis) { return static_cast<std::size_t>(shape[axis]); }
/// How many elements lie between neighbours along each axis.
std::vector<std::size_t> onnx_strides(const Shape& shape);
/// The shape of two that broadcast; else refused.
Shape onnx_broadcast(OnnxNode& node, const Shape& a, const Shape& b);
/// For an index into `to`: the place in a source of shape `from`, which broadcasts to it.
class OnnxPlaces {
 public:
  OnnxPlaces(const Shape& from, const Shape& to);
  std::size_t operator()(std::size_t index) const;

 private:
  std::vector<std::size_t> extents_, to_, from_;
};

/// An empty constant of this kind and shape; its memory is accounted for.
OnnxConstant empty_onnx_constant(OnnxNode& node, bool whole, const Shape& shape);
/// The source's elements in other places: `from` says for each of the result's indices where in the source it stands.
OnnxConstant picked_onnx_constant(OnnxNode& node, const OnnxConstant& source, const Shape& shape,
                                  const std::function<std::size_t(std::size_t)>& from);

}  // namespace facenet
