// Over the numbers normalised together, K of them: mean = sum of src / K, variance = sum of (src - mean)^2 / K,
//   x = (src - mean) / sqrt(variance + epsilon), dst = scale * x + shift
//   diff_shift = sum over images of diff_dst;  diff_scale = sum of diff_dst * x;  with g = diff_dst * scale
//   diff_src = (g - mean of g - x * mean of g * x) / sqrt(variance + epsilon)
#include "ops/layer_norm.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/layer_norm.hpp"

namespace facenet {
namespace {

kernels::LayerNormProblem problem(const Shape& src, const LayerNorm::Parameters& p) {
  std::int64_t columns = 1;
  for (const auto extent : src.dims().subspan(static_cast<std::size_t>(p.axis))) columns *= extent;
  return {src.elements() / columns, columns, p.epsilon, p.shift};
}

}  // namespace

void LayerNorm::visit(Fields& f) {
  f.field("axis", parameters.axis);
  f.field("epsilon", parameters.epsilon);
  f.field("shift", parameters.shift);
}

Shape LayerNorm::shape(std::span<const Shape> src) const {
  if (src.size() != 1 + parameter_inputs()) refuse(src, "wants data, scale and, unless switched off, shift");
  if (parameters.axis < 1 || parameters.axis >= static_cast<std::int64_t>(src[0].rank())) {
    refuse(src, "axis " + std::to_string(parameters.axis) + " is the batch or none of the data's");
  }
  if (!(parameters.epsilon >= 0)) refuse(src, "epsilon must not be negative");
  const Shape last(src[0].dims().subspan(static_cast<std::size_t>(parameters.axis)));
  if (last.elements() == 0) refuse(src, "there is nothing to normalise");
  for (const auto& parameter : src.subspan(1)) {
    if (parameter != last) refuse(src, "scale and shift must be " + last.text());
  }
  return src[0];
}

Compiled LayerNorm::compile(std::span<const Operand> operands) const {
  const TensorSpec spec{operands[0].spec.shape};
  Compiled compiled{kernels::layer_norm(problem(spec.shape, parameters)), {spec}, spec, {}};
  for (const auto& parameter : operands.subspan(1)) compiled.constants.push_back(parameter.constant);
  return compiled;
}

Tensor LayerNorm::forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const {
  if (!mode.training) return Operator::forward(src, mode, saved);
  const auto p = problem(src[0].shape(), parameters);
  const Tensor data = kernels::to_plain(src[0]);
  Tensor dst(data.spec());
  for (int i = 0; i < 2; ++i) saved.tensors.emplace_back(TensorSpec{{p.rows}});  // mean, variance
  std::vector<void*> arguments{data.raw()};
  for (const auto& parameter : src.subspan(1)) arguments.push_back(parameter.raw());
  for (const Tensor& result : {dst, saved.tensors[0], saved.tensors[1]}) arguments.push_back(result.raw());
  kernels::layer_norm_training(p)->run(std::span<void* const>(arguments));
  return dst;
}

std::vector<Tensor> LayerNorm::backward(const BackwardArguments& a) const {
  require_training(a);
  const Tensor src = kernels::to_plain(a.src[0]);
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  std::vector<Tensor> gradients;
  for (const auto& s : a.src) gradients.emplace_back(TensorSpec{s.shape()});
  std::vector<void*> arguments;
  for (const Tensor& tensor : {src, a.saved.tensors[0], a.saved.tensors[1]}) arguments.push_back(tensor.raw());
  for (const auto& parameter : a.src.subspan(1)) arguments.push_back(parameter.raw());
  arguments.push_back(diff_dst.raw());
  for (const auto& gradient : gradients) arguments.push_back(gradient.raw());
  kernels::layer_norm_backward(problem(src.shape(), parameters))->run(std::span<void* const>(arguments));
  return gradients;
}

RefTensor LayerNorm::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  const auto columns = src[1].values.size();
  for (std::size_t row = 0; row < dst.values.size(); row += columns) {
    const auto count = static_cast<double>(columns);
    double mean = 0;
    double variance = 0;
    for (std::size_t i = row; i < row + columns; ++i) mean += dst.values[i] / count;
    for (std::size_t i = row; i < row + columns; ++i) variance += std::pow(dst.values[i] - mean, 2) / count;
    for (std::size_t i = 0; i < columns; ++i) {
      double& x = dst.values[row + i];
      x = (x - mean) / std::sqrt(variance + static_cast<double>(parameters.epsilon)) * src[1].values[i];
      if (parameters.shift) x += src[2].values[i];
    }
  }
  return dst;
}

}  // namespace facenet
