// Fully connected layers on oneDNN.
#include "kernels/inner_product.hpp"

#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Desc = dnnl::memory::desc;
using Forward = dnnl::inner_product_forward;

struct Descriptors {
  Desc src, weights, bias, dst;
  explicit Descriptors(const InnerProductProblem& p)
      : src(descriptor({{p.batch, p.inputs}})),
        weights(descriptor({{p.outputs, p.inputs}})),
        bias(p.bias ? descriptor({{p.outputs}}) : Desc()),
        dst(descriptor({{p.batch, p.outputs}})) {}
};

Forward::primitive_desc forward_description(const Descriptors& d) {
  return {engine(), dnnl::prop_kind::forward_training, d.src, d.weights, d.bias, d.dst, user_scratchpad()};
}

CacheKey key(std::int64_t kind, const InnerProductProblem& p) {
  return KeyBuilder(kind).add(p.batch).add(p.inputs).add(p.outputs).add(p.bias ? 1 : 0).done();
}

std::string describe(const InnerProductProblem& p) {
  return "linear of " + Shape{p.batch, p.inputs}.text() + " with weights " + Shape{p.outputs, p.inputs}.text();
}

}  // namespace

KernelPtr inner_product_forward(const InnerProductProblem& p) {
  return cached<Kernel>(key(40, p), [&]() -> KernelPtr {
    return translated(describe(p), [&] {
      const Descriptors d(p);
      std::vector<PrimitiveKernel::Argument> arguments{{DNNL_ARG_SRC, d.src}, {DNNL_ARG_WEIGHTS, d.weights}};
      if (p.bias) arguments.emplace_back(DNNL_ARG_BIAS, d.bias);
      arguments.emplace_back(DNNL_ARG_DST, d.dst);
      return primitive_kernel(forward_description(d), std::move(arguments));
    });
  });
}

KernelPtr inner_product_backward_data(const InnerProductProblem& p) {
  return cached<Kernel>(key(41, p), [&]() -> KernelPtr {
    return translated(describe(p), [&] {
      const Descriptors d(p);
      const dnnl::inner_product_backward_data::primitive_desc pd(engine(), d.src, d.weights, d.dst,
                                                                 forward_description(d), user_scratchpad());
      return primitive_kernel(pd,
                              {{DNNL_ARG_DIFF_DST, d.dst}, {DNNL_ARG_WEIGHTS, d.weights}, {DNNL_ARG_DIFF_SRC, d.src}});
    });
  });
}

KernelPtr inner_product_backward_weights(const InnerProductProblem& p) {
  return cached<Kernel>(key(42, p), [&]() -> KernelPtr {
    return translated(describe(p), [&] {
      const Descriptors d(p);
      const dnnl::inner_product_backward_weights::primitive_desc pd(engine(), d.src, d.weights, d.bias, d.dst,
                                                                    forward_description(d), user_scratchpad());
      std::vector<PrimitiveKernel::Argument> arguments{
          {DNNL_ARG_SRC, d.src}, {DNNL_ARG_DIFF_DST, d.dst}, {DNNL_ARG_DIFF_WEIGHTS, d.weights}};
      if (p.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, d.bias);
      return primitive_kernel(pd, std::move(arguments));
    });
  });
}

}  // namespace facenet::kernels
