// Inception blocks (Szegedy et al. 2014) with the paper's L2 or max pooling branch, and the networks made of them.
#include "models/inception.hpp"

#include "models/heads.hpp"

namespace facenet::models {
namespace {

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

// From the image to the channels of the last block of the table.
nn::ModulePtr inception_body(nn::Builder& builder, const Stem& stem, std::span<const Inception> table) {
  constexpr auto kMax = Pool::Kind::maximum;
  const bool lrn = builder.norm() == nn::Norm::lrn;
  std::vector<nn::ModulePtr> layers{nn::image_input("input"), builder.conv_relu("conv1", 3, stem.conv1, stem.kernel, 2),
                                    nn::pool("pool1", kMax, 3, 2)};
  if (lrn) layers.push_back(nn::local_response_norm("norm1"));
  std::int64_t channels = stem.conv1;
  if (stem.reduce2 > 0) {
    layers.push_back(builder.conv_relu("inception_2/3x3_reduce", channels, stem.reduce2, 1));
    channels = stem.reduce2;
  }
  layers.push_back(builder.conv_relu("inception_2/3x3", channels, stem.conv2, 3));
  if (lrn) layers.push_back(nn::local_response_norm("norm2"));
  layers.push_back(nn::pool("pool2", kMax, 3, 2));
  channels = stem.conv2;
  for (const auto& block : table) {
    layers.push_back(inception(builder, block, channels));
    channels = block.outputs(channels);
  }
  return nn::sequential(std::move(layers));
}

}  // namespace

Graph inception_network(const Stem& stem, std::span<const Inception> table, const ArchitectureOptions& options,
                        std::array<std::int64_t, 2> size) {
  nn::Builder builder(options.norm, options.seed);
  const auto features = nn::sequential({inception_body(builder, stem, table), nn::global_average_pool("average_pool")});
  return embedding_network(builder, {features}, outputs_of(*features, options, size), options, size);
}

Graph inception_maxout_network(const Stem& stem, std::span<const Inception> table, std::int64_t hidden,
                               const ArchitectureOptions& options, std::array<std::int64_t, 2> size) {
  nn::Builder builder(options.norm, options.seed);
  const auto body = inception_body(builder, stem, table);
  const std::int64_t inputs = outputs_of(*body, options, size);
  return embedding_network(builder, {body, builder.maxout("fc1", inputs, hidden)}, hidden, options, size);
}

}  // namespace facenet::models
