// Convolution on oneDNN.
#include "kernels/convolution.hpp"

#include <bit>

#include <facenet/error.hpp>

#include "kernels/onednn.hpp"

namespace facenet::kernels {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

Dims weights_dims(const ConvolutionProblem& p) {
  const auto w = p.weights;
  if (p.groups == 1) return {w[0], w[1], w[2], w[3]};
  return {p.groups, w[0] / p.groups, w[1], w[2], w[3]};
}

Desc plain_weights(const ConvolutionProblem& p, DataType type = DataType::f32) {
  using Tag = dnnl::memory::format_tag;
  return {weights_dims(p), data_type_of(type), p.groups == 1 ? Tag::oihw : Tag::goihw};
}

Desc any_weights(const ConvolutionProblem& p, DataType type) {
  return {weights_dims(p), data_type_of(type), dnnl::memory::format_tag::any};
}

Dims dims(const std::array<std::int64_t, 2>& a, std::int64_t offset = 0) { return {a[0] + offset, a[1] + offset}; }

std::string describe(const ConvolutionProblem& p) {
  return "convolution of " + p.src.text() + " " + std::string(name_of(p.type)) + " with weights " + p.weights.text() +
         ", stride " + std::to_string(p.stride[0]) + "x" + std::to_string(p.stride[1]) + ", groups " +
         std::to_string(p.groups);
}

// The first convolution reads few channels: there the kernels take them unblocked.
std::vector<Layout> source_layouts(const ConvolutionProblem& p) {
  if (p.src[1] <= 3) return {Layout::plain, Layout::nhwc};
  return {native_blocked_layout(), Layout::nhwc, Layout::plain};
}

// The description of the first pair of layouts that oneDNN has a fast kernel for; its slow "ref" only where all are.
template <typename Description, typename Try>
std::pair<Description, std::pair<Layout, Layout>> choose(const ConvolutionProblem& p, Try&& attempt) {
  std::pair<Description, std::pair<Layout, Layout>> fallback;
  bool have_fallback = false;
  for (const Layout src : source_layouts(p)) {
    const Layout dst = p.src[1] <= 3 && src == Layout::plain ? native_blocked_layout() : src;
    try {
      Description pd = attempt(src, dst);
      if (!std::string(pd.impl_info_str()).starts_with("ref")) return {pd, {src, dst}};
      if (!have_fallback) fallback = {pd, {src, dst}};
      have_fallback = true;
    } catch (const dnnl::error&) {
      continue;  // no implementation for these layouts: the next pair
    }
  }
  if (have_fallback) return fallback;
  const Layout plain = Layout::plain;
  return {translated(describe(p), [&] { return attempt(plain, plain); }), {plain, plain}};
}

dnnl::post_ops post_ops(const ConvolutionProblem& p, const Desc& dst) {
  dnnl::post_ops post;
  if (p.sum) post.append_binary(dnnl::algorithm::binary_add, dst);
  if (p.relu) post.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
  if (p.prelu) post.append_prelu(2);  // a slope for each channel
  return post;
}

dnnl::convolution_forward::primitive_desc forward_description(const ConvolutionProblem& p, Layout src, Layout dst) {
  const Desc src_desc = descriptor({p.src, p.type, src});
  const Desc dst_desc = descriptor({p.dst(), p.type, dst});
  const Desc bias({p.weights[0]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
  dnnl::primitive_attr attributes = user_scratchpad();
  attributes.set_post_ops(post_ops(p, dst_desc));
  return {engine(),
          dnnl::prop_kind::forward_training,
          dnnl::algorithm::convolution_direct,
          src_desc,
          any_weights(p, p.type),
          p.bias ? bias : Desc(),
          dst_desc,
          dims(p.stride),
          dims(p.dilation, -1),
          dims(p.pad_begin),
          dims(p.pad_end),
          attributes};
}

KernelPtr weights_reorder(const Desc& from, const Desc& to) {
  const dnnl::reorder::primitive_desc pd(engine(), from, engine(), to, user_scratchpad());
  return primitive_kernel(pd, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

dnnl::convolution_forward::primitive_desc int8_description(const ConvolutionProblem& p, const Int8Result& result) {
  dnnl::primitive_attr attributes = user_scratchpad();
  attributes.set_scales_mask(DNNL_ARG_WEIGHTS, p.groups == 1 ? 1 : 3);  // one for each result's channel
  dnnl::post_ops post = post_ops(p, descriptor({p.dst(), result.sum, Layout::nhwc}));
  if (result.factor != 1) post.append_eltwise(dnnl::algorithm::eltwise_linear, result.factor, 0.0F);
  attributes.set_post_ops(post);
  const Desc bias({p.weights[0]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
  return {engine(),
          dnnl::prop_kind::forward_inference,
          dnnl::algorithm::convolution_direct,
          descriptor({p.src, p.type, Layout::nhwc}),
          any_weights(p, DataType::s8),
          p.bias ? bias : Desc(),
          descriptor({p.dst(), result.dst, Layout::nhwc}),
          dims(p.stride),
          dims(p.dilation, -1),
          dims(p.pad_begin),
          dims(p.pad_end),
          attributes};
}

CacheKey key(std::int64_t kind, const ConvolutionProblem& p) {
  KeyBuilder builder(kind);
  builder.add({p.src, p.type, Layout::plain}).add({p.weights, DataType::f32, Layout::plain});
  for (const auto& pair : {p.stride, p.dilation, p.pad_begin, p.pad_end}) builder.add(pair[0]).add(pair[1]);
  for (const bool flag : {p.bias, p.sum, p.relu, p.prelu}) builder.add(flag ? 1 : 0);
  return builder.add(p.groups).done();
}

// The backward descriptions need a forward one of the same layouts as a hint.
ConvolutionProblem without_relu(ConvolutionProblem p) {
  p.relu = false;
  return p;
}

// In the order of the kernel's arguments.
std::vector<PrimitiveKernel::Argument> forward_arguments(const ConvolutionProblem& p,
                                                         const dnnl::convolution_forward::primitive_desc& pd,
                                                         const Desc& sum) {
  const int rectifier = p.sum ? 1 : 0;  // its place among the post-operations
  std::vector<PrimitiveKernel::Argument> arguments{{DNNL_ARG_SRC, pd.src_desc()}};
  if (p.sum) arguments.emplace_back(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, sum);
  arguments.emplace_back(DNNL_ARG_WEIGHTS, pd.weights_desc());
  if (p.bias) arguments.emplace_back(DNNL_ARG_BIAS, pd.bias_desc());
  if (p.prelu) {
    arguments.emplace_back(DNNL_ARG_ATTR_MULTIPLE_POST_OP(rectifier) | DNNL_ARG_WEIGHTS, descriptor({{p.weights[0]}}));
  }
  arguments.emplace_back(DNNL_ARG_DST, pd.dst_desc());
  return arguments;
}

}  // namespace

Shape ConvolutionProblem::dst() const {
  const auto extent = [&](std::size_t i) {
    const std::int64_t kernel = (weights[2 + i] - 1) * dilation[i] + 1;
    return (src[2 + i] + pad_begin[i] + pad_end[i] - kernel) / stride[i] + 1;
  };
  return {src[0], weights[0], extent(0), extent(1)};
}

ConvolutionArguments arguments_of(const ConvolutionProblem& problem, std::span<void* const> given) {
  std::size_t next = 0;
  const auto take = [&](bool there) { return there ? static_cast<float*>(given[next++]) : nullptr; };
  return {take(true), take(problem.sum), take(true), take(problem.bias), take(problem.prelu), take(true)};
}

std::shared_ptr<const ConvolutionForward> convolution_forward(const ConvolutionProblem& p) {
  return cached<ConvolutionForward>(key(1, p), [&] {
    return translated(describe(p), [&] {
      const auto [pd, layouts] = choose<dnnl::convolution_forward::primitive_desc>(
          p, [&](Layout src, Layout dst) { return forward_description(p, src, dst); });
      auto forward = std::make_shared<ConvolutionForward>();
      forward->src = {p.src, p.type, layouts.first};
      forward->dst = {p.dst(), p.type, layouts.second};
      forward->kernel = primitive_kernel(pd, forward_arguments(p, pd, pd.dst_desc()));
      forward->pack = weights_reorder(plain_weights(p), pd.weights_desc());
      forward->packed_bytes = pd.weights_desc().get_size();
      return forward;
    });
  });
}

bool has_fast_convolution(const ConvolutionProblem& p) {
  try {
    const auto [pd, layouts] = choose<dnnl::convolution_forward::primitive_desc>(
        p, [&](Layout src, Layout dst) { return forward_description(p, src, dst); });
    return !std::string(pd.impl_info_str()).starts_with("ref");
  } catch (const Error&) {
    return false;
  }
}

std::shared_ptr<const ConvolutionBackwardData> convolution_backward_data(const ConvolutionProblem& with_relu) {
  const ConvolutionProblem p = without_relu(with_relu);
  return cached<ConvolutionBackwardData>(key(2, p), [&] {
    return translated(describe(p), [&] {
      const auto [pd, layouts] =
          choose<dnnl::convolution_backward_data::primitive_desc>(p, [&](Layout src, Layout dst) {
            return dnnl::convolution_backward_data::primitive_desc(
                engine(), dnnl::algorithm::convolution_direct, descriptor({p.src, p.type, src}), any_weights(p, p.type),
                descriptor({p.dst(), p.type, dst}), dims(p.stride), dims(p.dilation, -1), dims(p.pad_begin),
                dims(p.pad_end), forward_description(p, src, dst), user_scratchpad());
          });
      auto backward = std::make_shared<ConvolutionBackwardData>();
      backward->diff_src = {p.src, p.type, layouts.first};
      backward->diff_dst = {p.dst(), p.type, layouts.second};
      backward->kernel = primitive_kernel(pd, {{DNNL_ARG_DIFF_DST, pd.diff_dst_desc()},
                                               {DNNL_ARG_WEIGHTS, pd.weights_desc()},
                                               {DNNL_ARG_DIFF_SRC, pd.diff_src_desc()}});
      backward->pack = weights_reorder(plain_weights(p), pd.weights_desc());
      backward->packed_bytes = pd.weights_desc().get_size();
      return backward;
    });
  });
}

std::shared_ptr<const ConvolutionBackwardWeights> convolution_backward_weights(const ConvolutionProblem& with_relu) {
  ConvolutionProblem p = without_relu(with_relu);
  // On maps narrower than the stride, oneDNN 3.2's bf16 kernel reads scratch memory that nobody wrote.
  if (p.src[3] < p.stride[1]) p.type = DataType::f32;
  return cached<ConvolutionBackwardWeights>(key(3, p), [&] {
    return translated(describe(p), [&] {
      const Desc diff_bias({p.weights[0]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
      const auto [pd, layouts] =
          choose<dnnl::convolution_backward_weights::primitive_desc>(p, [&](Layout src, Layout dst) {
            return dnnl::convolution_backward_weights::primitive_desc(
                engine(), dnnl::algorithm::convolution_direct, descriptor({p.src, p.type, src}),
                any_weights(p, DataType::f32), p.bias ? diff_bias : Desc(), descriptor({p.dst(), p.type, dst}),
                dims(p.stride), dims(p.dilation, -1), dims(p.pad_begin), dims(p.pad_end),
                forward_description(p, src, dst), user_scratchpad());
          });
      auto backward = std::make_shared<ConvolutionBackwardWeights>();
      backward->src = {p.src, p.type, layouts.first};
      backward->diff_dst = {p.dst(), p.type, layouts.second};
      std::vector<PrimitiveKernel::Argument> arguments{{DNNL_ARG_SRC, pd.src_desc()},
                                                       {DNNL_ARG_DIFF_DST, pd.diff_dst_desc()},
                                                       {DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc()}};
      if (p.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, pd.diff_bias_desc());
      backward->kernel = primitive_kernel(pd, std::move(arguments));
      backward->unpack = weights_reorder(pd.diff_weights_desc(), plain_weights(p));
      backward->packed_bytes = pd.diff_weights_desc().get_size();
      return backward;
    });
  });
}

std::shared_ptr<const ConvolutionForward> int8_convolution_forward(const ConvolutionProblem& p,
                                                                   const Int8Result& result) {
  const auto kind = 4 + static_cast<std::int64_t>(result.dst) * 16 + static_cast<std::int64_t>(result.sum) * 256 +
                    (static_cast<std::int64_t>(std::bit_cast<std::uint32_t>(result.factor)) << 16);
  return cached<ConvolutionForward>(key(kind, p), [&]() -> std::shared_ptr<const ConvolutionForward> {
    return translated(describe(p), [&]() -> std::shared_ptr<const ConvolutionForward> {
      dnnl::convolution_forward::primitive_desc pd;
      try {
        pd = int8_description(p, result);
      } catch (const dnnl::error&) {
        return nullptr;  // no implementation at all
      }
      if (std::string(pd.impl_info_str()).starts_with("ref")) return nullptr;
      auto forward = std::make_shared<ConvolutionForward>();
      forward->src = {p.src, p.type, Layout::nhwc};
      forward->dst = {p.dst(), result.dst, Layout::nhwc};
      auto arguments = forward_arguments(p, pd, descriptor({p.dst(), result.sum, Layout::nhwc}));
      arguments.insert(arguments.end() - 1, {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, descriptor({{p.weights[0]}})});
      forward->kernel = primitive_kernel(pd, std::move(arguments));
      forward->pack = weights_reorder(plain_weights(p, DataType::s8), pd.weights_desc());
      forward->packed_bytes = pd.weights_desc().get_size();
      return forward;
    });
  });
}

}  // namespace facenet::kernels
