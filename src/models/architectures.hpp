// The networks by name.
#pragma once

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
  float dropout = 0;  ///< before the embedding layer; 0 leaves the layer out
};

/// NN4 (paper, section 4): NN2's Table 2 at 96x96 without 5x5 convolutions in the higher inception blocks.
Graph nn4(const ArchitectureOptions& options);
/// A small network of the same kind for tests and demonstrations, 64x64.
Graph tiny(const ArchitectureOptions& options);

/// A network by its name; InvalidArgument lists the names that exist, or names the option that cannot be used.
Graph make_architecture(std::string_view name, const ArchitectureOptions& options);
std::vector<std::string_view> architecture_names();

}  // namespace facenet::models
