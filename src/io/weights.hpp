// State dicts: named weights without a graph, for the networks that the library has.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "graph/graph.hpp"
#include "io/safetensors.hpp"

namespace facenet {

/// The network `architecture` (models::architecture_names, or "dlib-resnet") with these weights. Norm and embedding
/// size are those of the weights. Names are the library's ("inception_3a/1x1/bn/scale") or PyTorch's spelling of them
/// ("inception_3a.1x1.bn.weight"); numbers F32, F64, F16 or BF16. FormatError names the first tensor that is missing,
/// of another shape, not finite, or used by nothing; InvalidArgument when there is no such network.
Graph graph_from_weights(std::string_view architecture, std::span<const NamedTensor> tensors, const std::string& file);

}  // namespace facenet
