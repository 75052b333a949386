// NN4: "96x96 input ... does not use 5x5 convolutions in the higher layers as the receptive field is already too small
// by then" (paper, section 5.2). The rows are those of Table 2 (NN2) without the #5x5 columns from 4a on.
#include "models/architectures.hpp"
#include "models/inception.hpp"

namespace facenet::models {

Graph nn4(const ArchitectureOptions& options) {
  constexpr auto kMax = Pool::Kind::maximum;
  constexpr auto kL2 = Pool::Kind::l2;
  // clang-format off
  const Inception table[] = {
  //  name  #1x1  #3x3r #3x3  #5x5r #5x5  pool  proj stride
    {"3a",   64,   96,  128,   16,   32,  kMax,  32, 1},
    {"3b",   64,   96,  128,   32,   64,  kL2,   64, 1},
    {"3c",    0,  128,  256,   32,   64,  kMax,   0, 2},
    {"4a",  256,   96,  192,    0,    0,  kL2,  128, 1},
    {"4b",  224,  112,  224,    0,    0,  kL2,  128, 1},
    {"4c",  192,  128,  256,    0,    0,  kL2,  128, 1},
    {"4d",  160,  144,  288,    0,    0,  kL2,  128, 1},
    {"4e",    0,  160,  256,    0,    0,  kMax,   0, 2},
    {"5a",  384,  192,  384,    0,    0,  kL2,  128, 1},
    {"5b",  384,  192,  384,    0,    0,  kMax, 128, 1},
  };
  // clang-format on
  nn::Builder builder(options.norm, options.seed);
  const bool lrn = options.norm == nn::Norm::lrn;
  std::vector<nn::ModulePtr> stem{nn::image_input("input"), builder.conv_relu("conv1", 3, 64, 7, 2),
                                  nn::pool("pool1", kMax, 3, 2)};
  if (lrn) stem.push_back(nn::local_response_norm("norm1"));
  stem.push_back(builder.conv_relu("inception_2/3x3_reduce", 64, 64, 1));
  stem.push_back(builder.conv_relu("inception_2/3x3", 64, 192, 3));
  if (lrn) stem.push_back(nn::local_response_norm("norm2"));
  stem.push_back(nn::pool("pool2", kMax, 3, 2));
  return inception_network(builder, std::move(stem), 192, table, options, 96);
}

}  // namespace facenet::models
