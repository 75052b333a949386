// NN4: 96x96, "does not use 5x5 convolutions in the higher layers as the receptive field is already too small by then"
// (paper, section 5.2). The rows are Table 2's (NN2) without the #5x5 columns from 4e on, where maps are 3x3: of all
// places to stop it is the one that makes the 285 M multiply-adds that Table 3 prints (284.7 M).
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
    {"4a",  256,   96,  192,   32,   64,  kL2,  128, 1},
    {"4b",  224,  112,  224,   32,   64,  kL2,  128, 1},
    {"4c",  192,  128,  256,   32,   64,  kL2,  128, 1},
    {"4d",  160,  144,  288,   32,   64,  kL2,  128, 1},
    {"4e",    0,  160,  256,    0,    0,  kMax,   0, 2},
    {"5a",  384,  192,  384,    0,    0,  kL2,  128, 1},
    {"5b",  384,  192,  384,    0,    0,  kMax, 128, 1},
  };
  // clang-format on
  return inception_network({}, table, options, {96, 96});
}

}  // namespace facenet::models
