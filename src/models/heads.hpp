// What the networks end with, and the size of what they begin with.
#pragma once

#include "models/architectures.hpp"
#include "nn/layers.hpp"

namespace facenet::models {

/// [1,H,W,3]: `size` as the paper has it (height, width), or what the options say instead.
Shape image_shape(const ArchitectureOptions& options, std::array<std::int64_t, 2> size);

/// Numbers that `body` gives for one image of that size: what a fully connected layer behind it reads.
std::int64_t outputs_of(const Module& body, const ArchitectureOptions& options, std::array<std::int64_t, 2> size);

/// `layers`, which give `inputs` numbers; dropout by option; the embedding; L2 normalisation (paper, figure 2).
Graph embedding_network(nn::Builder& builder, std::vector<nn::ModulePtr> layers, std::int64_t inputs,
                        const ArchitectureOptions& options, std::array<std::int64_t, 2> size);

}  // namespace facenet::models
