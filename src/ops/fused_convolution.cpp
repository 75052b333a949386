// dst = rectified(convolution(src 0) + src 1)
#include "ops/fused_convolution.hpp"

#include <algorithm>

#include "ops/prelu.hpp"

namespace facenet {
namespace {

// What the convolution alone reads.
template <typename Source>
std::vector<Source> without_tail(std::span<const Source> sources, bool sum, bool prelu) {
  std::vector<Source> result{sources[0]};
  for (std::size_t i = sum ? 2 : 1; i < sources.size() - (prelu ? 1 : 0); ++i) result.push_back(sources[i]);
  return result;
}

}  // namespace

std::string_view FusedConvolution::name() const {
  if (prelu) return sum ? "convolution+sum+prelu" : "convolution+prelu";
  return plain.parameters.relu ? "convolution+sum+relu" : "convolution+sum";
}

Shape FusedConvolution::shape(std::span<const Shape> sources) const {
  if (sources.size() != 1 + (sum ? 1U : 0U) + parameter_inputs())
    refuse(sources, "has not as many sources as it wants");
  const Shape dst = plain.shape(without_tail(sources, sum, prelu));
  if (sum && sources[1] != dst) refuse(sources, "the second source must be " + dst.text());
  if (prelu && sources.back() != Shape{dst[1]} && sources.back() != Shape{1}) refuse(sources, "slopes do not fit");
  return dst;
}

kernels::ConvolutionProblem FusedConvolution::problem(const TensorSpec& source, const Shape& weights) const {
  auto p = plain.problem(source, weights);
  p.sum = sum;
  p.prelu = prelu;
  return p;
}

std::vector<Tensor> FusedConvolution::constants(std::span<const Operand> operands) const {
  std::vector<Tensor> result;
  for (const auto& operand : operands.subspan(sum ? 2 : 1)) result.push_back(operand.constant);
  const std::int64_t channels = result[0].shape()[0];
  if (prelu && result.back().shape()[0] != channels) {
    const float slope = result.back().floats()[0];
    result.back() = Tensor(TensorSpec{{channels}});
    std::ranges::fill(result.back().floats(), slope);
  }
  return result;
}

Compiled FusedConvolution::compile(std::span<const Operand> operands) const {
  const auto values = constants(operands);
  return compiled_convolution(problem(operands[0].spec, values[0].shape()), values);
}

std::vector<Compiled> FusedConvolution::alternatives(std::span<const Operand> operands) const {
  const auto values = constants(operands);
  return other_convolutions(problem(operands[0].spec, values[0].shape()), values);
}

std::optional<Compiled> FusedConvolution::sure_alternative(std::span<const Operand> operands) const {
  const auto values = constants(operands);
  return sure_convolution(problem(operands[0].spec, values[0].shape()), values);
}

bool FusedConvolution::has_kernel(const Shape& source, const Shape& weights) const {
  return kernels::has_fast_convolution(problem({source}, weights));
}

RefTensor FusedConvolution::reference(std::span<const RefTensor> sources, const Mode& mode) const {
  Convolution linear(plain.parameters);
  linear.parameters.relu = false;
  RefTensor dst = linear.reference(without_tail(sources, sum, prelu), mode);
  for (std::size_t i = 0; sum && i < dst.values.size(); ++i) dst.values[i] += sources[1].values[i];
  if (plain.parameters.relu) {
    for (auto& value : dst.values) value = std::max(value, 0.0);
  }
  if (!prelu) return dst;
  const RefTensor both[] = {dst, sources.back()};
  return Prelu().reference(both, mode);
}

std::int64_t FusedConvolution::multiply_adds(std::span<const Shape> sources) const {
  return plain.multiply_adds(without_tail(sources, sum, prelu));
}

}  // namespace facenet
