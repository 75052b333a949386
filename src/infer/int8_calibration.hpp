// How far a network's values reach, measured on images; which layers bytes would hurt.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "graph/passes/passes.hpp"

namespace facenet {

struct Int8Calibration {
  passes::Int8Ranges ranges;
  int images = 0;
  std::string data{};  ///< what they were; the caller's words
  double cosine = 0;   ///< of the embeddings of int8 and f32, the smallest among the images
};

/// `optimised`: after the passes. `images`: [N,H,W,3], 1 to 1024 of them, else InvalidArgument. The range of each value
/// is the one that costs the least squared error, rounding and cutting taken together. While the smallest cosine is
/// below 0.995, the convolutions with the largest errors of their own go back to float32: one, then two, four, ...
Int8Calibration calibrate_int8(const Graph& optimised, std::span<const std::uint8_t> images);

}  // namespace facenet
