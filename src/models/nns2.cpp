// NNS2, "tiny Inception" (paper, Table 3 and section 5.2): 140x116, 4.3 M parameters, 20 M multiply-adds, and no table.
// A reconstruction as NNS1 is, made for 4.35 M and 20.4 M.
#include "models/inception.hpp"

namespace facenet::models {

Graph nns2(const ArchitectureOptions& options) {
  constexpr auto kMax = Pool::Kind::maximum;
  constexpr auto kL2 = Pool::Kind::l2;
  const Stem stem{.kernel = 3, .conv1 = 16, .reduce2 = 16, .conv2 = 32};
  // clang-format off
  const Inception table[] = {
  //  name  #1x1  #3x3r #3x3  #5x5r #5x5  pool  proj stride
    {"3a",   16,   16,   32,    8,   16,  kL2,   16, 1},
    {"3b",    0,   16,   32,    8,   16,  kMax,   0, 2},
    {"4a",   48,   32,   64,    8,   16,  kL2,   32, 1},
    {"4b",    0,   32,   96,    0,    0,  kMax,   0, 2},
    {"5a",  128,   48,  128,    0,    0,  kMax,  64, 1},
  };
  // clang-format on
  return inception_maxout_network(stem, table, 320, options, {140, 116});
}

}  // namespace facenet::models
