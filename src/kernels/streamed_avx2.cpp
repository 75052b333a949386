// Streamed convolution for AVX2.
#define FACENET_LANES 8
#define FACENET_ROWS 6
#include "kernels/streamed_body.hpp"

namespace facenet::kernels {

void streamed_avx2(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& arguments,
                   void* planes, float* sums) {
  run(map, part, arguments, planes, sums);
}

}  // namespace facenet::kernels
