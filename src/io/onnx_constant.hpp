// Constants of ONNX files: weights, and the shapes and axes that nodes are told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <onnx.pb.h>

#include "tensor/tensor.hpp"

namespace facenet {

/// Stands for the batch's size among whole numbers: files compute shapes with it that hold for any batch.
constexpr std::int64_t kOnnxBatch = std::numeric_limits<std::int64_t>::min() / 2;

/// Floats of any precision become float32, whole numbers 64 bits.
struct OnnxConstant {
  std::string name{};  ///< of the value that it is
  Shape shape{};
  bool whole = false;
  bool each = false;                     ///< the first axis is the batch's: one image's share, the same for all
  std::int64_t growth = 0;               ///< when `each` and `whole`: but larger by so much from one image to the next
  Tensor floats{};                       ///< unless `whole`
  std::vector<std::int64_t> integers{};  ///< when `whole`

  std::size_t size() const { return static_cast<std::size_t>(shape.elements()); }
};

/// The shape of these extents; FormatError, beginning with `what`, when there are more than six, one is negative, or
/// the product is beyond all bounds.
Shape checked_onnx_shape(std::span<const std::int64_t> extents, const std::string& what);

/// How many bytes of other files the tensor wants to be read for it. Errors as `onnx_constant`.
std::uint64_t onnx_external_bytes(const onnx::TensorProto& tensor, const std::string& what);

/// FormatError, beginning with `what`, unless type and extents are known, and exactly the bytes that they need are
/// there. `folder`: where the files lie that the tensor may refer to; nothing outside of it is opened.
OnnxConstant onnx_constant(const onnx::TensorProto& tensor, const std::optional<std::filesystem::path>& folder,
                           const std::string& what);

}  // namespace facenet
