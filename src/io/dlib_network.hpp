// dlib's serialised networks (.dat): the layers as they lie in the file, and its face recognition network as a graph.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.hpp"

namespace facenet {

/// A layer of the file, first the one that reads the image. `numbers` views the file's bytes, floats without alignment.
struct DlibLayer {
  std::string kind;                       ///< dlib's word: "con_4", "affine_", "relu_", ...
  std::vector<std::int64_t> sizes;        ///< con: filters, rows, columns, stride y x, padding y x; pools: the last six
                                          ///< of those; affine: channels; fc: outputs, inputs
  std::span<const std::uint8_t> numbers;  ///< con: filters, biases; affine: gammas, betas; fc: [inputs, outputs]
  std::size_t offset = 0;                 ///< where the layer begins in the file
};

struct DlibNetwork {
  std::array<double, 3> mean{};  ///< red, green, blue
  std::int64_t rows = 0;         ///< of the image
  std::int64_t columns = 0;
  std::vector<DlibLayer> layers;
};

/// A network under dlib's metric loss ("loss_metric_2") on images of a fixed size. Nothing is copied; `bytes` must
/// outlive the result. FormatError, with the offset, when it is something else, damaged or cut off.
DlibNetwork parse_dlib_network(std::span<const std::uint8_t> bytes, const std::string& name);

/// `dlib_face_recognition_resnet_model_v1.dat`, and what others trained of the same architecture: models::dlib_resnet
/// with the file's weights, each affine layer folded into the convolution before it. Embeddings have unit length, which
/// dlib's own do not. FormatError when a layer is not the one that belongs there.
Graph dlib_face_network(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
