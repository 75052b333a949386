// What the convolution kernels of our own read and write. Nothing else is here: sources for one instruction set include
// it.
#pragma once

namespace facenet::kernels {

/// Weights as the kernel has packed them.
struct ConvolutionArguments {
  const void* src;
  const void* sum;  ///< or null
  const void* weights;
  const float* bias;    ///< or null
  const float* slopes;  ///< or null
  void* dst;
};

}  // namespace facenet::kernels
