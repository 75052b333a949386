// State dicts: named weights without a graph, for the networks that the library has.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "io/safetensors.hpp"

namespace facenet {

/// What `graph_from_weights` knows: the paper's networks, tiny, and "dlib-resnet".
std::vector<std::string_view> weights_architectures();

/// A network with these weights. Norm and embedding size are those of the weights; `side` is that of the input, in
/// pixels, 0 the network's own. Names are the library's ("inception_3a/1x1/bn/scale") or PyTorch's spelling of them
/// ("inception_3a.1x1.bn.weight"); numbers F32, F64, F16 or BF16. FormatError, with `file` in front, names the first
/// tensor that is missing, of another shape, not finite, or used by nothing; InvalidArgument when there is no such
/// network.
Graph graph_from_weights(std::string_view architecture, std::span<const NamedTensor> tensors, const std::string& file,
                         std::int64_t side = 0);

}  // namespace facenet
