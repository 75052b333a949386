// Streamed convolution for AVX512_BF16.
#if defined(__x86_64__)
#include <immintrin.h>

#define FACENET_LANES 16
#define FACENET_ROWS 14
#define FACENET_PAIRS
#include "kernels/streamed_body.hpp"

namespace facenet::kernels {

void streamed_avx512bf16(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& arguments,
                         void* planes, float* sums) {
  run(map, part, arguments, planes, sums);
}

}  // namespace facenet::kernels

#endif
