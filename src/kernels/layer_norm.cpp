// Layer normalisation on oneDNN.
#include "kernels/layer_norm.hpp"

#include <bit>

#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Desc = dnnl::memory::desc;
using Forward = dnnl::layer_normalization_forward;
using Backward = dnnl::layer_normalization_backward;

struct Descriptors {
  Desc data, columns, rows;
  dnnl::normalization_flags flags;
  explicit Descriptors(const LayerNormProblem& p)
      : data(descriptor({{p.rows, p.columns}})),
        columns(descriptor({{p.columns}})),
        rows(descriptor({{p.rows}})),
        flags(p.shift ? dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift
                      : dnnl::normalization_flags::use_scale) {}
};

template <typename Make>
KernelPtr kernel(std::int64_t kind, const LayerNormProblem& p, Make&& make) {
  const auto key = KeyBuilder(kind)
                       .add(p.rows)
                       .add(p.columns)
                       .add(std::bit_cast<std::int32_t>(p.epsilon))
                       .add(p.shift ? 1 : 0)
                       .done();
  return cached<Kernel>(key, [&]() -> KernelPtr {
    return translated("layer normalisation of " + Shape{p.rows, p.columns}.text(),
                      [&] { return make(Descriptors(p)); });
  });
}

KernelPtr forward(std::int64_t kind, const LayerNormProblem& p, bool training) {
  return kernel(kind, p, [&](const Descriptors& d) {
    const Forward::primitive_desc pd(engine(),
                                     training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference,
                                     d.data, d.data, d.rows, p.epsilon, d.flags, user_scratchpad());
    std::vector<PrimitiveKernel::Argument> arguments{{DNNL_ARG_SRC, d.data}, {DNNL_ARG_SCALE, d.columns}};
    if (p.shift) arguments.emplace_back(DNNL_ARG_SHIFT, d.columns);
    arguments.emplace_back(DNNL_ARG_DST, d.data);
    if (training) arguments.emplace_back(DNNL_ARG_MEAN, d.rows);
    if (training) arguments.emplace_back(DNNL_ARG_VARIANCE, d.rows);
    return primitive_kernel(pd, std::move(arguments));
  });
}

}  // namespace

KernelPtr layer_norm(const LayerNormProblem& p) { return forward(80, p, false); }
KernelPtr layer_norm_training(const LayerNormProblem& p) { return forward(81, p, true); }

KernelPtr layer_norm_backward(const LayerNormProblem& p) {
  return kernel(82, p, [&](const Descriptors& d) {
    const Forward::primitive_desc hint(engine(), dnnl::prop_kind::forward_training, d.data, d.data, d.rows, p.epsilon,
                                       d.flags, user_scratchpad());
    const Backward::primitive_desc pd(engine(), dnnl::prop_kind::backward, d.data, d.data, d.data, d.rows, p.epsilon,
                                      d.flags, hint, user_scratchpad());
    std::vector<PrimitiveKernel::Argument> arguments{
        {DNNL_ARG_SRC, d.data}, {DNNL_ARG_MEAN, d.rows}, {DNNL_ARG_VARIANCE, d.rows}, {DNNL_ARG_SCALE, d.columns}};
    if (p.shift) arguments.emplace_back(DNNL_ARG_SHIFT, d.columns);  // not read, but asked for
    arguments.emplace_back(DNNL_ARG_DIFF_DST, d.data);
    arguments.emplace_back(DNNL_ARG_DIFF_SRC, d.data);
    arguments.emplace_back(DNNL_ARG_DIFF_SCALE, d.columns);
    if (p.shift) arguments.emplace_back(DNNL_ARG_DIFF_SHIFT, d.columns);
    return primitive_kernel(pd, std::move(arguments));
  });
}

}  // namespace facenet::kernels
