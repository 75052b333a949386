// The logistic function on oneDNN, whose exponential is vectorised; its backward is a loop of ours (elementwise.cpp).
#include "kernels/elementwise.hpp"
#include "kernels/onednn.hpp"

namespace facenet::kernels {

KernelPtr sigmoid(const TensorSpec& spec) {
  return cached<Kernel>(KeyBuilder(50).add(spec).done(), [&]() -> KernelPtr {
    return translated("sigmoid of " + spec.text(), [&] {
      const auto memory = descriptor(spec);
      const dnnl::eltwise_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference,
                                                     dnnl::algorithm::eltwise_logistic, memory, memory, 0.0F, 0.0F,
                                                     user_scratchpad());
      return primitive_kernel(pd, {{DNNL_ARG_SRC, memory}, {DNNL_ARG_DST, memory}});
    });
  });
}

}  // namespace facenet::kernels
