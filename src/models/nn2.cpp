// NN2 (paper, Table 2): Inception at 224x224, 7.5 M parameters, 1.6 B multiply-adds. NN3: "the same architecture as NN2
// with a reduced input size" (section 5.2), 160x160.
#include "models/inception.hpp"

namespace facenet::models {
namespace {

constexpr auto kMax = Pool::Kind::maximum;
constexpr auto kL2 = Pool::Kind::l2;
// clang-format off
const Inception kTable2[] = {
//  name  #1x1  #3x3r #3x3  #5x5r #5x5  pool  proj stride
  {"3a",   64,   96,  128,   16,   32,  kMax,  32, 1},
  {"3b",   64,   96,  128,   32,   64,  kL2,   64, 1},
  {"3c",    0,  128,  256,   32,   64,  kMax,   0, 2},
  {"4a",  256,   96,  192,   32,   64,  kL2,  128, 1},
  {"4b",  224,  112,  224,   32,   64,  kL2,  128, 1},
  {"4c",  192,  128,  256,   32,   64,  kL2,  128, 1},
  {"4d",  160,  144,  288,   32,   64,  kL2,  128, 1},
  {"4e",    0,  160,  256,   64,  128,  kMax,   0, 2},
  {"5a",  384,  192,  384,   48,  128,  kL2,  128, 1},
  {"5b",  384,  192,  384,   48,  128,  kMax, 128, 1},
};
// clang-format on

}  // namespace

Graph nn2(const ArchitectureOptions& options) { return inception_network({}, kTable2, options, {224, 224}); }
Graph nn3(const ArchitectureOptions& options) { return inception_network({}, kTable2, options, {160, 160}); }

}  // namespace facenet::models
