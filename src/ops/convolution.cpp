// dst[n,o,y,x] = bias[o] + sum over i, ky, kx of weights[o,i,ky,kx] * src[n,i,y*stride - pad + ky*dilation, ...]
//   diff_src: the same sum read backwards; diff_weights: correlation of src with diff_dst; diff_bias: sum of diff_dst
//   with ReLU, diff_dst is first cut where dst is 0
#include "ops/convolution.hpp"

#include <algorithm>

#include "kernels/elementwise.hpp"
#include "kernels/streamed.hpp"
#include "kernels/winograd.hpp"
#include "kernels/winograd_training.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kLargest = 1 << 20;  // of a stride, dilation or padding; keeps sums of them from overflowing

Compiled with_packed_weights(const kernels::ConvolutionForward& forward, bool sum, std::vector<Tensor> constants) {
  Tensor packed(TensorSpec{{static_cast<std::int64_t>(forward.packed_bytes)}, DataType::u8});
  forward.pack->run({constants[0].raw(), packed.raw()});
  constants[0] = packed;
  std::vector<TensorSpec> sources{forward.src};
  if (sum) sources.push_back(forward.dst);
  return {forward.kernel, sources, forward.dst, std::move(constants)};
}

std::vector<Tensor> constants_of(std::span<const Operand> operands) {
  std::vector<Tensor> constants;
  for (const auto& operand : operands.subspan(1)) constants.push_back(operand.constant);
  return constants;
}

}  // namespace

Compiled compiled_convolution(const kernels::ConvolutionProblem& problem, std::vector<Tensor> constants) {
  return with_packed_weights(*kernels::convolution_forward(problem), problem.sum, std::move(constants));
}

namespace {

struct Way {
  std::shared_ptr<const kernels::ConvolutionForward> forward;
  bool sure;  // it is faster than the others after it, and than the direct one, on every machine
};

// Multiplications of F(m x m, 3x3) for a map [height, width] and two channels.
std::int64_t products(std::int64_t m, std::int64_t height, std::int64_t width) {
  return ((height + m - 1) / m) * ((width + m - 1) / m) * (m + 2) * (m + 2);
}

// Besides the direct one, the most promising first.
std::vector<Way> other_ways(kernels::ConvolutionProblem problem) {
  // Pixels of all images. Where they are few, weights, of which F(4x4,3x3) has four times as many, take longer to read
  // than to multiply.
  constexpr std::int64_t kFewest = 60;
  constexpr std::int64_t kFew = 200;
  constexpr std::int64_t kChannels = 16;  // fewer leave the blocked layout's vectors empty
  const Shape dst = problem.dst();
  const std::int64_t pixels = dst[0] * dst[2] * dst[3];
  const bool winograd = kernels::has_winograd(problem, 2);
  const bool four = kernels::has_winograd(problem, 4);
  const bool many = problem.src[1] >= kChannels;
  // In bfloat16 the direct kernel is twice as fast. Winograd's, which compute in float32, beat it only with hardly more
  // than a quarter of the work, and the streamed one only where pixels need no gathering.
  const bool f32 = problem.type == DataType::f32;
  // In float16 the streamed kernel needs some two thirds of the instructions that it needs in float32, Winograd's
  // fewer. It pays where each number that is converted serves enough results, each of enough products.
  const bool enough = problem.weights[0] > 32 && problem.weights.elements() / problem.weights[0] > 64;
  problem.f16 = problem.f16 && f32 && kernels::has_native_f16() && many && enough && !(winograd && pixels > kFewest);
  const std::int64_t map = dst[2] * dst[3];
  const bool quarter = map > kFewest && 40 * products(4, dst[2], dst[3]) <= 99 * map;
  std::vector<Way> ways;
  if (kernels::has_streamed(problem) && (problem.f16 || pixels <= kFew)) {
    const bool sure = f32 ? problem.f16 || pixels <= kFewest || !winograd : kernels::streams_as_it_is(problem);
    ways.push_back({kernels::streamed_forward(problem), many && sure});
  }
  if (winograd && (!four || pixels <= kFew || products(2, dst[2], dst[3]) <= products(4, dst[2], dst[3]))) {
    ways.push_back({kernels::winograd_forward(problem, 2), many && f32 && pixels > kFewest});
  }
  if (four) {
    ways.push_back({kernels::winograd_forward(problem, 4),
                    many && (f32 ? pixels > kFewest : map > kFew || (pixels > kFew && quarter))});
  }
  return ways;
}

}  // namespace

std::vector<Compiled> other_convolutions(const kernels::ConvolutionProblem& problem,
                                         const std::vector<Tensor>& constants) {
  std::vector<Compiled> compiled;
  const auto direct = kernels::convolution_forward(problem);
  for (const auto& way : other_ways(problem)) {
    if (way.forward->src != direct->src || way.forward->dst != direct->dst) continue;
    compiled.push_back(with_packed_weights(*way.forward, problem.sum, constants));
  }
  return compiled;
}

std::optional<Compiled> sure_convolution(const kernels::ConvolutionProblem& problem,
                                         const std::vector<Tensor>& constants) {
  for (const auto& way : other_ways(problem)) {
    if (way.sure) return with_packed_weights(*way.forward, problem.sum, constants);
  }
  return {};
}

void Convolution::visit(Fields& f) {
  f.field("stride", parameters.stride);
  f.field("dilation", parameters.dilation);
  f.field("pad_begin", parameters.pad_begin);
  f.field("pad_end", parameters.pad_end);
  f.field("groups", parameters.groups);
  f.field("bias", parameters.bias);
  f.field("relu", parameters.relu);
}

Shape Convolution::shape(std::span<const Shape> src) const {
  require_rank4(src);
  const auto& p = parameters;
  if (src.size() != (p.bias ? 3U : 2U)) refuse(src, p.bias ? "wants src, weights and bias" : "wants src and weights");
  const Shape& data = src[0];
  const Shape& weights = src[1];
  if (weights.rank() != 4) refuse(src, "weights must be [O,I,H,W]");
  if (p.groups < 1 || data[1] != weights[1] * p.groups || weights[0] % p.groups != 0) {
    refuse(src, "weights " + weights.text() + " in " + std::to_string(p.groups) + " group(s) do not fit data with " +
                    std::to_string(data[1]) + " channels");
  }
  if (p.bias && src[2] != Shape{weights[0]}) refuse(src, "bias must be [" + std::to_string(weights[0]) + "]");
  std::array<std::int64_t, 2> extent{};
  for (std::size_t i = 0; i < 2; ++i) {
    if (p.stride[i] < 1 || p.dilation[i] < 1 || weights[2 + i] < 1)
      refuse(src, "stride and dilation must be 1 or more");
    if (p.pad_begin[i] < 0 || p.pad_end[i] < 0) refuse(src, "padding cannot be negative");
    if (std::max({p.stride[i], p.dilation[i], p.pad_begin[i], p.pad_end[i]}) > kLargest) {
      refuse(src, "stride, dilation and padding must be at most " + std::to_string(kLargest));
    }
    const std::int64_t kernel = (weights[2 + i] - 1) * p.dilation[i] + 1;
    const std::int64_t room = data[2 + i] + p.pad_begin[i] + p.pad_end[i] - kernel;
    if (room < 0) refuse(src, "the kernel is larger than the padded data");
    extent[i] = room / p.stride[i] + 1;
  }
  return {data[0], weights[0], extent[0], extent[1]};
}

kernels::ConvolutionProblem Convolution::problem(const TensorSpec& src, const Shape& weights) const {
  const auto& p = parameters;
  return {.src = src.shape,
          .weights = weights,
          .stride = p.stride,
          .dilation = p.dilation,
          .pad_begin = p.pad_begin,
          .pad_end = p.pad_end,
          .groups = p.groups,
          .type = working_type(src.type),
          .f16 = p.f16,
          .bias = p.bias,
          .relu = p.relu};
}

Compiled Convolution::compile(std::span<const Operand> operands) const {
  return compiled_convolution(problem(operands[0].spec, operands[1].spec.shape), constants_of(operands));
}

std::vector<Compiled> Convolution::alternatives(std::span<const Operand> operands) const {
  return other_convolutions(problem(operands[0].spec, operands[1].spec.shape), constants_of(operands));
}

std::optional<Compiled> Convolution::sure_alternative(std::span<const Operand> operands) const {
  return sure_convolution(problem(operands[0].spec, operands[1].spec.shape), constants_of(operands));
}

Tensor Convolution::forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const {
  const auto winograd =
      mode.training ? kernels::winograd_training_forward(problem(src[0].spec(), src[1].shape())) : nullptr;
  if (!winograd) return Operator::forward(src, mode, saved);
  return run(with_packed_weights(*winograd, false, {src.begin() + 1, src.end()}), src);
}

std::vector<Tensor> Convolution::backward(const BackwardArguments& a) const {
  const Tensor& src = a.src[0];
  const Tensor& weights = a.src[1];
  const auto p = problem(src.spec(), weights.shape());
  Tensor diff_dst = a.diff_dst;
  if (parameters.relu) {
    diff_dst = kernels::reorder(diff_dst, a.dst.type(), a.dst.layout());
    Tensor cut(a.dst.spec());
    kernels::relu_backward(a.dst.spec())->run({a.dst.raw(), diff_dst.raw(), cut.raw()});
    diff_dst = cut;
  }
  std::vector<Tensor> gradients(a.src.size());
  if (a.needed[0]) {
    auto backward = kernels::winograd_training_backward_data(p);
    if (!backward) backward = kernels::convolution_backward_data(p);
    Tensor packed(TensorSpec{{static_cast<std::int64_t>(backward->packed_bytes)}, DataType::u8});
    backward->pack->run({weights.raw(), packed.raw()});
    const Tensor gradient = kernels::reorder(diff_dst, backward->diff_dst.type, backward->diff_dst.layout);
    gradients[0] = Tensor(backward->diff_src);
    backward->kernel->run({gradient.raw(), packed.raw(), gradients[0].raw()});
  }
  if (a.needed[1] || (parameters.bias && a.needed[2])) {
    const auto backward = kernels::convolution_backward_weights(p);
    const Tensor data = kernels::reorder(src, backward->src.type, backward->src.layout);
    const Tensor gradient = kernels::reorder(diff_dst, backward->diff_dst.type, backward->diff_dst.layout);
    Tensor packed(TensorSpec{{static_cast<std::int64_t>(backward->packed_bytes)}, DataType::u8});
    gradients[1] = Tensor(TensorSpec{weights.shape()});
    if (parameters.bias) {
      gradients[2] = Tensor(TensorSpec{{weights.shape()[0]}});
      backward->kernel->run({data.raw(), gradient.raw(), packed.raw(), gradients[2].raw()});
    } else {
      backward->kernel->run({data.raw(), gradient.raw(), packed.raw()});
    }
    backward->unpack->run({packed.raw(), gradients[1].raw()});
  }
  return gradients;
}

RefTensor Convolution::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const auto& p = parameters;
  const RefTensor& data = src[0];
  const RefTensor& weights = src[1];
  std::vector<Shape> shapes;
  for (const auto& s : src) shapes.push_back(s.shape);
  RefTensor dst(shape(shapes));
  const std::int64_t outputs = weights.shape[0] / p.groups;
  for (std::int64_t n = 0; n < dst.shape[0]; ++n) {
    for (std::int64_t o = 0; o < dst.shape[1]; ++o) {
      const std::int64_t first = o / outputs * weights.shape[1];  // the group's first source channel
      for (std::int64_t y = 0; y < dst.shape[2]; ++y) {
        for (std::int64_t x = 0; x < dst.shape[3]; ++x) {
          double sum = p.bias ? src[2].values[static_cast<std::size_t>(o)] : 0;
          for (std::int64_t i = 0; i < weights.shape[1]; ++i) {
            for (std::int64_t ky = 0; ky < weights.shape[2]; ++ky) {
              for (std::int64_t kx = 0; kx < weights.shape[3]; ++kx) {
                const std::int64_t sy = y * p.stride[0] - p.pad_begin[0] + ky * p.dilation[0];
                const std::int64_t sx = x * p.stride[1] - p.pad_begin[1] + kx * p.dilation[1];
                if (sy < 0 || sx < 0 || sy >= data.shape[2] || sx >= data.shape[3]) continue;
                sum += weights.at(o, i, ky, kx) * data.at(n, first + i, sy, sx);
              }
            }
          }
          dst.at(n, o, y, x) = p.relu ? std::max(sum, 0.0) : sum;
        }
      }
    }
  }
  return dst;
}

std::int64_t Convolution::multiply_adds(std::span<const Shape> src) const {
  return shape(src).elements() * src[1].elements() / src[1][0];
}

}  // namespace facenet
