// Batch normalisation on oneDNN.
#include "kernels/batch_norm.hpp"

#include <bit>

#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Flags = dnnl::normalization_flags;
using Forward = dnnl::batch_normalization_forward;
using Backward = dnnl::batch_normalization_backward;

Flags flags_of(const BatchNormProblem& p, bool global_statistics) {
  Flags flags = Flags::use_scale | Flags::use_shift;
  if (p.relu) flags |= Flags::fuse_norm_relu;
  if (global_statistics) flags |= Flags::use_global_stats;
  return flags;
}

CacheKey key(std::int64_t kind, const BatchNormProblem& p) {
  return KeyBuilder(kind)
      .add(p.src)
      .add(std::bit_cast<std::int32_t>(p.epsilon))
      .add(p.relu ? 1 : 0)
      .add(p.given_statistics ? 1 : 0)
      .done();
}

std::string describe(const BatchNormProblem& p) { return "batch normalisation of " + p.src.text(); }

}  // namespace

std::shared_ptr<const BatchNormTraining> batch_norm_training(const BatchNormProblem& p) {
  return cached<BatchNormTraining>(key(10, p), [&] {
    return translated(describe(p), [&] {
      const auto data = descriptor(p.src);
      const Forward::primitive_desc forward(engine(), dnnl::prop_kind::forward_training, data, data, p.epsilon,
                                            flags_of(p, p.given_statistics), user_scratchpad());
      const Backward::primitive_desc backward(engine(), dnnl::prop_kind::backward, data, data, data, p.epsilon,
                                              flags_of(p, p.given_statistics), forward, user_scratchpad());
      const auto vector = forward.mean_desc();
      auto kernels = std::make_shared<BatchNormTraining>();
      kernels->workspace_bytes = p.relu ? forward.workspace_desc().get_size() : 0;
      kernels->forward = primitive_kernel(forward, {{DNNL_ARG_SRC, data},
                                                    {DNNL_ARG_SCALE, vector},
                                                    {DNNL_ARG_SHIFT, vector},
                                                    {DNNL_ARG_DST, data},
                                                    {DNNL_ARG_MEAN, vector},
                                                    {DNNL_ARG_VARIANCE, vector},
                                                    {DNNL_ARG_WORKSPACE, forward.workspace_desc()}});
      kernels->backward = primitive_kernel(backward, {{DNNL_ARG_SRC, data},
                                                      {DNNL_ARG_MEAN, vector},
                                                      {DNNL_ARG_VARIANCE, vector},
                                                      {DNNL_ARG_SCALE, vector},
                                                      {DNNL_ARG_DIFF_DST, data},
                                                      {DNNL_ARG_WORKSPACE, forward.workspace_desc()},
                                                      {DNNL_ARG_DIFF_SRC, data},
                                                      {DNNL_ARG_DIFF_SCALE, vector},
                                                      {DNNL_ARG_DIFF_SHIFT, vector}});
      return kernels;
    });
  });
}

KernelPtr batch_norm_inference(const BatchNormProblem& p) {
  return cached<Kernel>(key(11, p), [&]() -> KernelPtr {
    return translated(describe(p), [&] {
      const auto data = descriptor(p.src);
      const Forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_inference, data, data, p.epsilon,
                                       flags_of(p, true), user_scratchpad());
      const auto vector = pd.mean_desc();
      return primitive_kernel(pd, {{DNNL_ARG_SRC, data},
                                   {DNNL_ARG_SCALE, vector},
                                   {DNNL_ARG_SHIFT, vector},
                                   {DNNL_ARG_MEAN, vector},
                                   {DNNL_ARG_VARIANCE, vector},
                                   {DNNL_ARG_DST, data}});
    });
  });
}

}  // namespace facenet::kernels
