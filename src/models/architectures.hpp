// The networks by name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "nn/layers.hpp"

namespace facenet::models {

struct ArchitectureOptions {
  nn::Norm norm = nn::Norm::batch;
  std::int64_t embedding_size = 128;
  std::uint64_t seed = 1;
  float dropout = 0;                       ///< before the embedding layer; 0 leaves the layer out
  std::array<std::int64_t, 2> size{0, 0};  ///< height and width of the input; 0: the paper's
};

Graph nn1(const ArchitectureOptions& options);   ///< Table 1: Zeiler and Fergus with 1x1 convolutions, 220x220
Graph nn2(const ArchitectureOptions& options);   ///< Table 2: Inception, 224x224
Graph nn3(const ArchitectureOptions& options);   ///< NN2 at 160x160
Graph nn4(const ArchitectureOptions& options);   ///< NN2 at 96x96 without 5x5 convolutions in the higher blocks
Graph nns1(const ArchitectureOptions& options);  ///< "mini Inception" for phones, 165x165: a reconstruction
Graph nns2(const ArchitectureOptions& options);  ///< "tiny Inception" for phones, 140x116: a reconstruction
/// A small network of the same kind for tests and demonstrations, 64x64.
Graph tiny(const ArchitectureOptions& options);

/// dlib's face recognition network, 150x150: the architecture of its published weights (`dlib_network.hpp` reads them).
/// It is not among the names below, and knows no norm: normalisation is part of its weights.
Graph dlib_resnet(const ArchitectureOptions& options);

/// A network by its name; InvalidArgument lists the names that exist, or names the option that cannot be used.
Graph make_architecture(std::string_view name, const ArchitectureOptions& options);
std::vector<std::string_view> architecture_names();

}  // namespace facenet::models
