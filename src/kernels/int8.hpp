// What quantised plans need besides convolution: changes of unit, and L2 pooling of bytes.
#pragma once

#include "kernels/pooling.hpp"

namespace facenet::kernels {

/// src, factor [1], dst = src * factor in dst's type and layout, whole numbers rounded and cut to their range.
KernelPtr rescale(const TensorSpec& src, const TensorSpec& dst);

/// u8, nhwc. src, dst = factor * sqrt(sum of the window's squares), rounded and at most 255.
KernelPtr int8_l2_pooling(const PoolingProblem& problem, float factor);

}  // namespace facenet::kernels
