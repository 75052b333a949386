// Streamed convolution for AVX512_FP16.
#if defined(FACENET_HAVE_FP16)
#include <immintrin.h>

#define FACENET_LANES 16
#define FACENET_ROWS 14
#define FACENET_HALVES
#include "kernels/streamed_body.hpp"

namespace facenet::kernels {

void streamed_avx512fp16(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& arguments,
                         void* planes, float* sums) {
  run(map, part, arguments, planes, sums);
}

}  // namespace facenet::kernels

#endif
