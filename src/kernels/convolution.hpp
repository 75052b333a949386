// Convolution kernels: forward, gradient of the source, gradient of the weights.
#pragma once

#include <array>

#include "kernels/convolution_arguments.hpp"
#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// All that shapes a convolution. Weights are [O, I/groups, H, W], plain float32; the kernels' packed copies are
/// opaque.
struct ConvolutionProblem {
  Shape src;
  Shape weights;
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> dilation{1, 1};
  std::array<std::int64_t, 2> pad_begin{0, 0};
  std::array<std::int64_t, 2> pad_end{0, 0};
  std::int64_t groups = 1;
  DataType type = DataType::f32;  ///< of the activations; weights and bias stay float32
  bool f16 = false;               ///< of f32, forward: products and sums of few of them may be float16
  bool bias = false;
  // Forward only: what becomes of the result, in this order.
  bool sum = false;    ///< a second source, of dst's type and layout, is added
  bool relu = false;   ///< max(0, .)
  bool prelu = false;  ///< times a slope for each channel where negative

  Shape dst() const;
};

/// The list that `ConvolutionForward::kernel` takes, in its order, for kernels of our own.
ConvolutionArguments arguments_of(const ConvolutionProblem& problem, std::span<void* const> given);

struct ConvolutionForward {
  TensorSpec src, dst;
  KernelPtr kernel;  ///< src, [source of the sum,] packed weights, [bias [O],] [slopes [O],] dst
  KernelPtr pack;    ///< plain weights, packed weights
  std::size_t packed_bytes = 0;
};
struct ConvolutionBackwardData {
  TensorSpec diff_dst, diff_src;
  KernelPtr kernel;  ///< diff_dst, packed weights, diff_src
  KernelPtr pack;    ///< plain weights, packed weights
  std::size_t packed_bytes = 0;
};
struct ConvolutionBackwardWeights {
  TensorSpec src, diff_dst;
  KernelPtr kernel;  ///< src, diff_dst, packed diff_weights [, diff_bias]
  KernelPtr unpack;  ///< packed diff_weights, plain diff_weights
  std::size_t packed_bytes = 0;
};

/// Built once for each problem and thread count. For the layouts see native_blocked_layout; where no fast kernel takes
/// that, nhwc and plain are tried.
std::shared_ptr<const ConvolutionForward> convolution_forward(const ConvolutionProblem& problem);
/// Whether a fast kernel does it with all that is to become of the result.
bool has_fast_convolution(const ConvolutionProblem& problem);
std::shared_ptr<const ConvolutionBackwardData> convolution_backward_data(const ConvolutionProblem& problem);
std::shared_ptr<const ConvolutionBackwardWeights> convolution_backward_weights(const ConvolutionProblem& problem);

/// How bytes come out of an int8 convolution.
struct Int8Result {
  DataType dst = DataType::f32;  ///< u8, s8 or f32
  DataType sum = DataType::u8;   ///< of the second source, where there is one
  float factor = 1;              ///< of the rectified result
};

/// Of bytes by bytes: `problem.type` is u8 or s8; all data nhwc. kernel: src, [source of the sum,] packed weights,
/// [bias,] [slopes,] scales [O], dst = factor * rectified(products * scale + bias + source of the sum), rounded and cut
/// to the type's range; pack: s8 plain weights, packed weights. Null where oneDNN has only its slow reference code.
std::shared_ptr<const ConvolutionForward> int8_convolution_forward(const ConvolutionProblem& problem,
                                                                   const Int8Result& result);

}  // namespace facenet::kernels
