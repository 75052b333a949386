// Winograd convolution for AVX512.
#define FACENET_LANES 16
#define FACENET_ROWS 14
#include "kernels/winograd_body.hpp"

namespace facenet::kernels {

void winograd_avx512(const WinogradTiles& tiles, std::int64_t first, std::int64_t count, std::int64_t first_panel,
                     std::int64_t last_panel, const ConvolutionArguments& arguments, float* scratch) {
  run(tiles, first, count, first_panel, last_panel, arguments, scratch);
}

}  // namespace facenet::kernels
