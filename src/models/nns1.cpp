// NNS1, "mini Inception" (paper, Table 3 and section 5.2): 165x165, 26 M parameters, 220 M multiply-adds, and no table.
// A reconstruction: Table 2's kind of blocks, narrower, and, since so few multiply-adds for so many parameters only fit
// a fully connected layer, NN1's maxout on the last map (25.4 M of the parameters). Made for 26.2 M and 218 M.
#include "models/inception.hpp"

namespace facenet::models {

Graph nns1(const ArchitectureOptions& options) {
  constexpr auto kMax = Pool::Kind::maximum;
  constexpr auto kL2 = Pool::Kind::l2;
  const Stem stem{.kernel = 7, .conv1 = 32, .reduce2 = 32, .conv2 = 64};
  // clang-format off
  const Inception table[] = {
  //  name  #1x1  #3x3r #3x3  #5x5r #5x5  pool  proj stride
    {"3a",   32,   48,   64,   16,   32,  kMax,  32, 1},
    {"3b",   32,   48,   80,   16,   32,  kL2,   32, 1},
    {"3c",    0,   64,  128,   16,   32,  kMax,   0, 2},
    {"4a",  128,   64,  128,   16,   32,  kL2,   64, 1},
    {"4b",    0,   96,  160,   16,   32,  kMax,   0, 2},
    {"5a",  192,   96,  192,    0,    0,  kL2,   96, 1},
    {"5b",  192,   96,  224,    0,    0,  kMax,  96, 1},
  };
  // clang-format on
  return inception_maxout_network(stem, table, 672, options, {165, 165});
}

}  // namespace facenet::models
