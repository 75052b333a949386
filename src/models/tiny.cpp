// A small network of NN2's kind for tests and demonstrations: 64x64, three inception blocks.
#include "models/inception.hpp"

namespace facenet::models {

Graph tiny(const ArchitectureOptions& options) {
  constexpr auto kMax = Pool::Kind::maximum;
  constexpr auto kL2 = Pool::Kind::l2;
  const Stem stem{.kernel = 5, .conv1 = 32, .reduce2 = 0, .conv2 = 64};
  // clang-format off
  const Inception table[] = {
  //  name  #1x1  #3x3r #3x3  #5x5r #5x5  pool  proj stride
    {"3a",   32,   32,   64,   16,   16,  kL2,   16, 1},
    {"3b",    0,   48,   96,   16,   32,  kMax,   0, 2},
    {"4a",   64,   48,   96,    0,    0,  kL2,   32, 1},
  };
  // clang-format on
  return inception_network(stem, table, options, {64, 64});
}

}  // namespace facenet::models
