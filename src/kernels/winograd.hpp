// Winograd convolution (Lavin and Gray 2015): tiles of the source and the kernels are transformed so that their
// convolution becomes a product of matrices with fewer multiplications.
#pragma once

#include "kernels/convolution.hpp"

namespace facenet::kernels {

/// Which of the algorithms F(m x m, r x r) this convolution can take: results of m x m pixels at a time. 0: none.
///   3x3: m = 4 (a quarter of the multiplications) and m = 2 (4/9); 5x5: m = 2 (9/25).
bool has_winograd(const ConvolutionProblem& problem, std::int64_t m);

/// As convolution_forward in every way but rounding, in the native blocked layout. With bf16 data too it computes in
/// float32. Only where has_winograd.
std::shared_ptr<const ConvolutionForward> winograd_forward(const ConvolutionProblem& problem, std::int64_t m);

}  // namespace facenet::kernels
