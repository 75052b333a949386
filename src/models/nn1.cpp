// NN1 (paper, Table 1): Zeiler and Fergus's network with 1x1 convolutions between its layers, 220x220, 140 M
// parameters, 1.6 B multiply-adds. Every convolution is followed by a rectifier, the fully connected layers by maxout
// of two pieces.
#include "models/heads.hpp"

namespace facenet::models {

Graph nn1(const ArchitectureOptions& options) {
  nn::Builder b(options.norm, options.seed);
  const auto pool = [](const char* name) { return nn::pool(name, Pool::Kind::maximum, 3, 2); };
  std::vector<nn::ModulePtr> layers;
  const auto add = [&](nn::ModulePtr layer) { layers.push_back(std::move(layer)); };
  const auto rnorm = [&](const char* name) {
    if (options.norm == nn::Norm::lrn) add(nn::local_response_norm(name));
  };
  constexpr std::array<std::int64_t, 2> kSize{220, 220};

  add(nn::image_input("input"));            // size-out    kernel
  add(b.conv_relu("conv1", 3, 64, 7, 2));   // 110x110x64  7x7x3, 2
  add(pool("pool1"));                       // 55x55x64    3x3x64, 2
  rnorm("rnorm1");                          // 55x55x64
  add(b.conv_relu("conv2a", 64, 64, 1));    // 55x55x64    1x1x64, 1
  add(b.conv_relu("conv2", 64, 192, 3));    // 55x55x192   3x3x64, 1
  rnorm("rnorm2");                          // 55x55x192
  add(pool("pool2"));                       // 28x28x192   3x3x192, 2
  add(b.conv_relu("conv3a", 192, 192, 1));  // 28x28x192   1x1x192, 1
  add(b.conv_relu("conv3", 192, 384, 3));   // 28x28x384   3x3x192, 1
  add(pool("pool3"));                       // 14x14x384   3x3x384, 2
  add(b.conv_relu("conv4a", 384, 384, 1));  // 14x14x384   1x1x384, 1
  add(b.conv_relu("conv4", 384, 256, 3));   // 14x14x256   3x3x384, 1
  add(b.conv_relu("conv5a", 256, 256, 1));  // 14x14x256   1x1x256, 1
  add(b.conv_relu("conv5", 256, 256, 3));   // 14x14x256   3x3x256, 1
  add(b.conv_relu("conv6a", 256, 256, 1));  // 14x14x256   1x1x256, 1
  add(b.conv_relu("conv6", 256, 256, 3));   // 14x14x256   3x3x256, 1
  add(pool("pool4"));                       // 7x7x256     3x3x256, 2
  const auto body = nn::sequential(std::move(layers));
  const std::int64_t map = outputs_of(*body, options, kSize);
  return embedding_network(b,
                           {body, b.maxout("fc1", map, 4096),  // 1x32x128  maxout p=2
                            b.maxout("fc2", 4096, 4096)},      // 1x32x128  maxout p=2
                           4096, options, kSize);
}

}  // namespace facenet::models
