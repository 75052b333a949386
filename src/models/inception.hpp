// Inception networks: a row of the paper's Table 2 is a block, the table is the network.
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

/// What comes before the first block: a convolution, pooling, a 1x1 and a 3x3 convolution ("inception (2)"), pooling;
/// with local response normalisation where Table 2 says "norm".
struct Stem {
  std::int64_t kernel = 7;
  std::int64_t conv1 = 64;
  std::int64_t reduce2 = 64, conv2 = 192;  ///< reduce2 0 leaves the 1x1 convolution out
};

/// Stem and blocks, global average pooling, the embedding, L2 normalisation. `size`: height and width unless the
/// options say.
Graph inception_network(const Stem& stem, std::span<const Inception> table, const ArchitectureOptions& options,
                        std::array<std::int64_t, 2> size);
/// Stem and blocks, a hidden layer of maxout units (two pieces) on its whole map as NN1 has it, the embedding, L2
/// normalisation.
Graph inception_maxout_network(const Stem& stem, std::span<const Inception> table, std::int64_t hidden,
                               const ArchitectureOptions& options, std::array<std::int64_t, 2> size);

}  // namespace facenet::models
