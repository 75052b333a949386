// The inception block (Szegedy et al. 2014) with the paper's L2 or max pooling branch.
#include "models/inception.hpp"

namespace facenet::models {

nn::ModulePtr inception(nn::Builder& builder, const Inception& block, std::int64_t inputs) {
  const std::string prefix = "inception_" + block.name + "/";
  std::vector<nn::ModulePtr> branches;
  if (block.conv1x1 > 0) branches.push_back(builder.conv_relu(prefix + "1x1", inputs, block.conv1x1, 1));
  if (block.conv3x3 > 0) {
    branches.push_back(
        nn::sequential({builder.conv_relu(prefix + "3x3_reduce", inputs, block.reduce3x3, 1),
                        builder.conv_relu(prefix + "3x3", block.reduce3x3, block.conv3x3, 3, block.stride)}));
  }
  if (block.conv5x5 > 0) {
    branches.push_back(
        nn::sequential({builder.conv_relu(prefix + "5x5_reduce", inputs, block.reduce5x5, 1),
                        builder.conv_relu(prefix + "5x5", block.reduce5x5, block.conv5x5, 5, block.stride)}));
  }
  auto pooled = nn::pool(prefix + "pool", block.pooling, 3, block.stride);
  if (block.projection > 0) {
    pooled = nn::sequential({pooled, builder.conv_relu(prefix + "pool_proj", inputs, block.projection, 1)});
  }
  branches.push_back(pooled);
  return nn::branches(prefix + "concat", std::move(branches));
}

Graph inception_network(nn::Builder& builder, std::vector<nn::ModulePtr> stem, std::int64_t channels,
                        std::span<const Inception> table, const ArchitectureOptions& options, std::int64_t size) {
  auto layers = std::move(stem);
  for (const auto& block : table) {
    layers.push_back(inception(builder, block, channels));
    channels = block.outputs(channels);
  }
  layers.push_back(nn::global_average_pool("average_pool"));
  if (options.dropout > 0) layers.push_back(nn::dropout("dropout", options.dropout, 1));
  layers.push_back(builder.linear("embedding", channels, options.embedding_size));
  layers.push_back(nn::l2_normalize("l2"));
  return trace(nn::Sequential(std::move(layers)), {1, size, size, 3});
}

}  // namespace facenet::models
