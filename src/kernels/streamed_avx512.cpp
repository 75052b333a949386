// Streamed convolution for AVX512.
#define FACENET_LANES 16
#define FACENET_ROWS 14
#include "kernels/streamed_body.hpp"

namespace facenet::kernels {

void streamed_avx512(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& arguments,
                     void* planes, float* sums) {
  run(map, part, arguments, planes, sums);
}

}  // namespace facenet::kernels
