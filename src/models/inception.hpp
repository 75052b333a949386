// A row of the paper's Table 2: an inception block by its columns.
#pragma once

#include "models/architectures.hpp"
#include "nn/layers.hpp"

namespace facenet::models {

/// Numbers of filters as Table 2 prints them; 0 leaves a branch out. `stride` 2 applies to the 3x3 and 5x5 convolutions
/// and to the pooling, which then has no projection.
struct Inception {
  std::string name;
  std::int64_t conv1x1 = 0;
  std::int64_t reduce3x3 = 0, conv3x3 = 0;
  std::int64_t reduce5x5 = 0, conv5x5 = 0;
  Pool::Kind pooling = Pool::Kind::maximum;
  std::int64_t projection = 0;
  std::int64_t stride = 1;

  std::int64_t outputs(std::int64_t inputs) const {
    return conv1x1 + conv3x3 + conv5x5 + (projection > 0 ? projection : inputs);
  }
};

/// The block on data with `inputs` channels.
nn::ModulePtr inception(nn::Builder& builder, const Inception& block, std::int64_t inputs);

/// The whole network: `stem` (which gives `channels`), the blocks of the table, global average pooling, the embedding,
/// L2 normalisation. Input: images of size x size.
Graph inception_network(nn::Builder& builder, std::vector<nn::ModulePtr> stem, std::int64_t channels,
                        std::span<const Inception> table, const ArchitectureOptions& options, std::int64_t size);

}  // namespace facenet::models
