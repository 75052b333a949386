// Functions of one number on oneDNN, whose exponentials are vectorised. The sigmoid's backward is a loop of ours
// (elementwise.cpp).
#include <algorithm>
#include <cmath>

#include "base/threads.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Algorithm = dnnl::algorithm;

dnnl::eltwise_forward::primitive_desc forward_description(Algorithm algorithm, const dnnl::memory::desc& memory) {
  return {engine(), dnnl::prop_kind::forward_training, algorithm, memory, memory, 0.0F, 0.0F, user_scratchpad()};
}

CacheKey key(std::int64_t kind, Algorithm algorithm, const TensorSpec& spec) {
  return KeyBuilder(kind).add(static_cast<std::int64_t>(algorithm)).add(spec).done();
}

// src, dst
KernelPtr forward(Algorithm algorithm, const TensorSpec& spec) {
  return cached<Kernel>(key(50, algorithm, spec), [&]() -> KernelPtr {
    return translated("element-wise function of " + spec.text(), [&] {
      const auto memory = descriptor(spec);
      return primitive_kernel(forward_description(algorithm, memory), {{DNNL_ARG_SRC, memory}, {DNNL_ARG_DST, memory}});
    });
  });
}

// src (or dst, for an algorithm that wants that), diff_dst, diff_src
KernelPtr backward(Algorithm algorithm, const TensorSpec& spec, int wants) {
  return cached<Kernel>(key(51, algorithm, spec), [&]() -> KernelPtr {
    return translated("element-wise function, backward, of " + spec.text(), [&] {
      const auto memory = descriptor(spec);
      const dnnl::eltwise_backward::primitive_desc pd(engine(), algorithm, memory, memory, memory, 0.0F, 0.0F,
                                                      forward_description(algorithm, memory), user_scratchpad());
      return primitive_kernel(pd, {{wants, memory}, {DNNL_ARG_DIFF_DST, memory}, {DNNL_ARG_DIFF_SRC, memory}});
    });
  });
}

Algorithm gelu_algorithm(bool tanh) { return tanh ? Algorithm::eltwise_gelu_tanh : Algorithm::eltwise_gelu_erf; }

// oneDNN has no error function of its own.
template <typename Function>
KernelPtr loop(const TensorSpec& spec, Function function) {
  constexpr std::int64_t kPiece = 4096;
  const std::int64_t count = spec.stored_elements();
  return function_kernel("own:plain", [=](std::span<void* const> a) {
    parallel_for((count + kPiece - 1) / kPiece, [&](std::int64_t piece) {
      const std::int64_t end = std::min(count, (piece + 1) * kPiece);
      for (std::int64_t i = piece * kPiece; i < end; ++i) function(a, i);
    });
  });
}

}  // namespace

KernelPtr sigmoid(const TensorSpec& spec) { return forward(Algorithm::eltwise_logistic, spec); }

KernelPtr gelu(const TensorSpec& spec, bool tanh) { return forward(gelu_algorithm(tanh), spec); }
KernelPtr gelu_backward(const TensorSpec& spec, bool tanh) {
  return backward(gelu_algorithm(tanh), spec, DNNL_ARG_SRC);
}

KernelPtr unary(Unary function, const TensorSpec& spec) {
  if (function == Unary::tanh) return forward(Algorithm::eltwise_tanh, spec);
  if (function == Unary::square_root) return forward(Algorithm::eltwise_sqrt, spec);
  return loop(spec, [](std::span<void* const> a, std::int64_t i) {
    static_cast<float*>(a[1])[i] = std::erf(static_cast<const float*>(a[0])[i]);
  });
}

KernelPtr unary_backward(Unary function, const TensorSpec& spec) {
  if (function == Unary::tanh) return backward(Algorithm::eltwise_tanh, spec, DNNL_ARG_SRC);
  if (function == Unary::square_root) return backward(Algorithm::eltwise_sqrt, spec, DNNL_ARG_SRC);
  return loop(spec, [](std::span<void* const> a, std::int64_t i) {
    const float src = static_cast<const float*>(a[0])[i];
    const float slope = 1.1283791671F * std::exp(-src * src);  // 2 / sqrt(pi)
    static_cast<float*>(a[2])[i] = static_cast<const float*>(a[1])[i] * slope;
  });
}

}  // namespace facenet::kernels
