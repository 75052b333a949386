// Convolution of one small map. There every weight serves a few pixels only, and a kernel made for large maps waits for
// memory; this one multiplies with some weights while it asks for the next.
#pragma once

#include "kernels/convolution.hpp"

namespace facenet::kernels {

/// Whether the problem is of one image (in float16 of any number), not in groups or dilated, and the processor has AVX2
/// or more for float32, AVX512_BF16 for bfloat16. In float16 where the problem allows it and the processor has
/// AVX512_FP16.
bool has_streamed(const ConvolutionProblem& problem);
/// Whether it reads the source as it lies, without gathering what each of the kernel's places sees or converting it.
bool streams_as_it_is(const ConvolutionProblem& problem);

/// As convolution_forward in every way but rounding, in the native blocked layout. Only where has_streamed.
std::shared_ptr<const ConvolutionForward> streamed_forward(const ConvolutionProblem& problem);

}  // namespace facenet::kernels
