// Maximum and average pooling on oneDNN; L2 pooling is ours (l2_pooling.hpp).
#include "kernels/pooling.hpp"

#include "kernels/l2_pooling.hpp"
#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Forward = dnnl::pooling_forward;
using Backward = dnnl::pooling_backward;

dnnl::algorithm algorithm_of(Pooling kind) {
  if (kind == Pooling::maximum) return dnnl::algorithm::pooling_max;
  return kind == Pooling::average ? dnnl::algorithm::pooling_avg_exclude_padding
                                  : dnnl::algorithm::pooling_avg_include_padding;
}

dnnl::memory::dims dims(const std::array<std::int64_t, 2>& a) { return {a[0], a[1]}; }

Forward::primitive_desc forward_description(const PoolingProblem& p, dnnl::prop_kind kind) {
  return {engine(),       kind,   algorithm_of(p.kind), descriptor(p.src), descriptor(p.dst()), dims(p.stride),
          dims(p.window), {0, 0}, dims(p.pad_begin),    dims(p.pad_end),   user_scratchpad()};
}

CacheKey key(std::int64_t kind, const PoolingProblem& p) {
  KeyBuilder builder(kind);
  builder.add(p.src).add(static_cast<std::int64_t>(p.kind));
  for (const auto& pair : {p.window, p.stride, p.pad_begin, p.pad_end}) builder.add(pair[0]).add(pair[1]);
  return builder.done();
}

std::string describe(const PoolingProblem& p) { return "pooling of " + p.src.text(); }

}  // namespace

TensorSpec PoolingProblem::dst() const {
  const auto extent = [&](std::size_t i) {
    return (src.shape[2 + i] + pad_begin[i] + pad_end[i] - window[i]) / stride[i] + 1;
  };
  return {{src.shape[0], src.shape[1], extent(0), extent(1)}, src.type, src.layout};
}

std::shared_ptr<const PoolingTraining> pooling_training(const PoolingProblem& p) {
  return cached<PoolingTraining>(key(20, p), [&] {
    auto kernels = std::make_shared<PoolingTraining>();
    if (p.kind == Pooling::l2) {
      kernels->forward = l2_pooling_forward(p);
      kernels->backward = l2_pooling_backward(p);
      return kernels;
    }
    return translated(describe(p), [&] {
      const auto forward = forward_description(p, dnnl::prop_kind::forward_training);
      const Backward::primitive_desc backward(engine(), algorithm_of(p.kind), descriptor(p.src), descriptor(p.dst()),
                                              dims(p.stride), dims(p.window), {0, 0}, dims(p.pad_begin),
                                              dims(p.pad_end), forward, user_scratchpad());
      const auto workspace = forward.workspace_desc();
      kernels->workspace_bytes = workspace.get_size();
      std::vector<PrimitiveKernel::Argument> arguments{
          {DNNL_ARG_SRC, forward.src_desc()}, {DNNL_ARG_DST, forward.dst_desc()}, {DNNL_ARG_WORKSPACE, workspace}};
      kernels->forward = primitive_kernel(forward, std::move(arguments));
      kernels->backward = primitive_kernel(backward, {{DNNL_ARG_DIFF_DST, backward.diff_dst_desc()},
                                                      {DNNL_ARG_WORKSPACE, workspace},
                                                      {DNNL_ARG_DIFF_SRC, backward.diff_src_desc()}});
      return kernels;
    });
  });
}

KernelPtr pooling_inference(const PoolingProblem& p) {
  if (p.kind == Pooling::l2) return l2_pooling_forward(p);
  return cached<Kernel>(key(21, p), [&]() -> KernelPtr {
    return translated(describe(p), [&] {
      const auto pd = forward_description(p, dnnl::prop_kind::forward_inference);
      return primitive_kernel(pd, {{DNNL_ARG_SRC, pd.src_desc()}, {DNNL_ARG_DST, pd.dst_desc()}});
    });
  });
}

}  // namespace facenet::kernels
