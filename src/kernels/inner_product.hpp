// Fully connected layers: matrix products on plain float32 data.
#pragma once

#include "kernels/kernel.hpp"

namespace facenet::kernels {

/// src [N,I], weights [O,I], dst [N,O].
struct InnerProductProblem {
  std::int64_t batch = 1, inputs = 1, outputs = 1;
  bool bias = true;
};

KernelPtr inner_product_forward(const InnerProductProblem& problem);        ///< src, weights, [bias,] dst
KernelPtr inner_product_backward_data(const InnerProductProblem& problem);  ///< diff_dst, weights, diff_src
KernelPtr inner_product_backward_weights(
    const InnerProductProblem& problem);  ///< src, diff_dst, diff_weights [, diff_bias]

}  // namespace facenet::kernels
