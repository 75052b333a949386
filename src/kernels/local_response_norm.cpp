// Local response normalisation on oneDNN.
#include "kernels/local_response_norm.hpp"

#include <bit>

#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Forward = dnnl::lrn_forward;
using Backward = dnnl::lrn_backward;

Forward::primitive_desc forward_description(const LocalResponseNormProblem& p, dnnl::prop_kind kind) {
  const auto data = descriptor(p.src);
  return {engine(),         kind, dnnl::algorithm::lrn_across_channels, data, data, p.size, p.alpha, p.beta, p.k,
          user_scratchpad()};
}

CacheKey key(std::int64_t kind, const LocalResponseNormProblem& p) {
  KeyBuilder builder(kind);
  builder.add(p.src).add(p.size);
  for (const float value : {p.alpha, p.beta, p.k}) builder.add(std::bit_cast<std::int32_t>(value));
  return builder.done();
}

std::string describe(const LocalResponseNormProblem& p) { return "local response normalisation of " + p.src.text(); }

}  // namespace

std::shared_ptr<const LocalResponseNormTraining> local_response_norm_training(const LocalResponseNormProblem& p) {
  return cached<LocalResponseNormTraining>(key(30, p), [&] {
    return translated(describe(p), [&] {
      const auto data = descriptor(p.src);
      const auto forward = forward_description(p, dnnl::prop_kind::forward_training);
      const Backward::primitive_desc backward(engine(), dnnl::algorithm::lrn_across_channels, data, data, data, p.size,
                                              p.alpha, p.beta, p.k, forward, user_scratchpad());
      const auto workspace = forward.workspace_desc();
      auto kernels = std::make_shared<LocalResponseNormTraining>();
      kernels->workspace_bytes = workspace.get_size();
      kernels->forward =
          primitive_kernel(forward, {{DNNL_ARG_SRC, data}, {DNNL_ARG_DST, data}, {DNNL_ARG_WORKSPACE, workspace}});
      kernels->backward = primitive_kernel(backward, {{DNNL_ARG_SRC, data},
                                                      {DNNL_ARG_DIFF_DST, data},
                                                      {DNNL_ARG_WORKSPACE, workspace},
                                                      {DNNL_ARG_DIFF_SRC, data}});
      return kernels;
    });
  });
}

KernelPtr local_response_norm_inference(const LocalResponseNormProblem& p) {
  return cached<Kernel>(key(31, p), [&]() -> KernelPtr {
    return translated(describe(p), [&] {
      const auto pd = forward_description(p, dnnl::prop_kind::forward_inference);
      return primitive_kernel(pd, {{DNNL_ARG_SRC, descriptor(p.src)}, {DNNL_ARG_DST, descriptor(p.src)}});
    });
  });
}

}  // namespace facenet::kernels
