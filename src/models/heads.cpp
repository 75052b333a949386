// From the last feature map to the embedding.
#include "models/heads.hpp"

#include <facenet/error.hpp>

namespace facenet::models {

Shape image_shape(const ArchitectureOptions& options, std::array<std::int64_t, 2> size) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (options.size[i] != 0) size[i] = options.size[i];
    if (size[i] < 1 || size[i] > 4096) {
      throw InvalidArgument("a network's input must be 1 to 4096 pixels high and wide, not " + std::to_string(size[i]));
    }
  }
  return {1, size[0], size[1], 3};
}

std::int64_t outputs_of(const Module& body, const ArchitectureOptions& options, std::array<std::int64_t, 2> size) {
  return trace(body, image_shape(options, size)).output_shape().elements();
}

Graph embedding_network(nn::Builder& builder, std::vector<nn::ModulePtr> layers, std::int64_t inputs,
                        const ArchitectureOptions& options, std::array<std::int64_t, 2> size) {
  if (options.dropout > 0) layers.push_back(nn::dropout("dropout", options.dropout, 1));
  layers.push_back(builder.linear("embedding", inputs, options.embedding_size));
  layers.push_back(nn::l2_normalize("l2"));
  return trace(nn::Sequential(std::move(layers)), image_shape(options, size));
}

}  // namespace facenet::models
