// L2 pooling, which oneDNN has not: our own kernels, compiled for each instruction set and chosen at run time.
#pragma once

#include "kernels/pooling.hpp"

namespace facenet::kernels {

KernelPtr l2_pooling_forward(const PoolingProblem& problem);   ///< src, dst
KernelPtr l2_pooling_backward(const PoolingProblem& problem);  ///< diff_dst, src, dst, diff_src

}  // namespace facenet::kernels
