// A small network of NN2's kind for tests and demonstrations: 64x64, two inception blocks.
#include "models/architectures.hpp"
#include "models/inception.hpp"

namespace facenet::models {

Graph tiny(const ArchitectureOptions& options) {
  constexpr auto kMax = Pool::Kind::maximum;
  constexpr auto kL2 = Pool::Kind::l2;
  // clang-format off
  const Inception table[] = {
  //  name  #1x1  #3x3r #3x3  #5x5r #5x5  pool  proj stride
    {"3a",   32,   32,   64,   16,   16,  kL2,   16, 1},
    {"3b",    0,   48,   96,   16,   32,  kMax,   0, 2},
    {"4a",   64,   48,   96,    0,    0,  kL2,   32, 1},
  };
  // clang-format on
  nn::Builder builder(options.norm, options.seed);
  const bool lrn = options.norm == nn::Norm::lrn;
  std::vector<nn::ModulePtr> stem{nn::image_input("input"), builder.conv_relu("conv1", 3, 32, 5, 2),
                                  nn::pool("pool1", kMax, 3, 2)};
  if (lrn) stem.push_back(nn::local_response_norm("norm1"));
  stem.push_back(builder.conv_relu("conv2", 32, 64, 3));
  stem.push_back(nn::pool("pool2", kMax, 3, 2));
  return inception_network(builder, std::move(stem), 64, table, options, 64);
}

}  // namespace facenet::models
