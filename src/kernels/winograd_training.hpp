// Winograd's algorithms in a training step: forward, and back to the source.
#pragma once

#include "kernels/convolution.hpp"

namespace facenet::kernels {

/// As convolution_forward and convolution_backward_data in every way but rounding. Which algorithm is taken depends on
/// nothing but the problem and the instruction set, so that a training has the same bits each time. Null where none
/// saves half of the multiplications, where there are few channels, and with bf16, whose instructions save as much.
std::shared_ptr<const ConvolutionForward> winograd_training_forward(const ConvolutionProblem& problem);
std::shared_ptr<const ConvolutionBackwardData> winograd_training_backward_data(const ConvolutionProblem& problem);

}  // namespace facenet::kernels
