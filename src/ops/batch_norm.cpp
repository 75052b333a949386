// dst = scale * (src - mean) / sqrt(variance + epsilon) + shift, per channel
//   training: mean and (biased) variance of the batch; inference, and training when frozen: the running ones
// With x^ the normalised src and g = diff_dst (cut where dst is 0, with ReLU):
//   diff_src = scale / sqrt(variance + epsilon) * (g - mean(g) - x^ * mean(g * x^))
//     frozen: diff_src = scale / sqrt(variance + epsilon) * g
//   diff_scale = sum(g * x^)
//   diff_shift = sum(g)
#include "ops/batch_norm.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/batch_norm.hpp"

namespace facenet {

void BatchNorm::visit(Fields& f) {
  f.field("epsilon", parameters.epsilon);
  f.field("momentum", parameters.momentum);
  f.field("relu", parameters.relu);
}

Shape BatchNorm::shape(std::span<const Shape> src) const {
  require_rank4(src);
  if (src.size() != 5) refuse(src, "wants src, scale, shift, running_mean and running_variance");
  for (const auto& vector : src.subspan(1)) {
    if (vector != Shape{src[0][1]})
      refuse(src, "scale, shift and statistics must be [" + std::to_string(src[0][1]) + "]");
  }
  return src[0];
}

Compiled BatchNorm::compile(std::span<const Operand> operands) const {
  TensorSpec spec = operands[0].spec;
  spec.type = working_type(spec.type);
  spec.layout = travelling_layout(spec);
  const kernels::BatchNormProblem problem{spec, parameters.epsilon, parameters.relu};
  return {kernels::batch_norm_inference(problem),
          {spec},
          spec,
          {operands[1].constant, operands[2].constant, operands[3].constant, operands[4].constant}};
}

Tensor BatchNorm::forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const {
  if (!mode.training) return Operator::forward(src, mode, saved);
  TensorSpec spec = src[0].spec();
  spec.type = working_type(spec.type);
  spec.layout = travelling_layout(spec);
  const auto kernels = kernels::batch_norm_training({spec, parameters.epsilon, parameters.relu, parameters.frozen});
  const Tensor data = kernels::reorder(src[0], spec.type, spec.layout);
  const TensorSpec vector{{spec.shape[1]}};
  const Tensor dst(spec);
  const Tensor mean = parameters.frozen ? src[3] : Tensor(vector);
  const Tensor variance = parameters.frozen ? src[4] : Tensor(vector);
  const Tensor workspace(TensorSpec{{static_cast<std::int64_t>(kernels->workspace_bytes)}, DataType::u8});
  kernels->forward->run(
      {data.raw(), src[1].raw(), src[2].raw(), dst.raw(), mean.raw(), variance.raw(), workspace.raw()});
  saved.tensors = {mean, variance, workspace, data};
  return dst;
}

std::vector<Tensor> BatchNorm::backward(const BackwardArguments& a) const {
  require_training(a);
  const Tensor& data = a.saved.tensors[3];
  const TensorSpec& spec = data.spec();
  const auto kernels = kernels::batch_norm_training({spec, parameters.epsilon, parameters.relu, parameters.frozen});
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const TensorSpec vector{{spec.shape[1]}};
  const Tensor diff_src(spec);
  const Tensor diff_scale(vector);
  const Tensor diff_shift(vector);
  kernels->backward->run({data.raw(), a.saved.tensors[0].raw(), a.saved.tensors[1].raw(), a.src[1].raw(),
                          diff_dst.raw(), a.saved.tensors[2].raw(), diff_src.raw(), diff_scale.raw(),
                          diff_shift.raw()});
  return {diff_src, diff_scale, diff_shift, Tensor(), Tensor()};
}

void BatchNorm::update_buffers(std::span<const Tensor> src, const Saved& saved) const {
  if (parameters.frozen) return;
  const std::int64_t count = src[0].shape()[0] * src[0].shape()[2] * src[0].shape()[3];
  // The running variance estimates that of the population, hence n / (n - 1).
  const float unbiased = count > 1 ? static_cast<float>(count) / static_cast<float>(count - 1) : 1.0F;
  const auto move = [&](const Tensor& running, const Tensor& batch, float factor) {
    const auto to = running.floats();
    const auto from = batch.floats();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += parameters.momentum * (from[i] * factor - to[i]);
  };
  move(src[3], saved.tensors[0], 1.0F);
  move(src[4], saved.tensors[1], unbiased);
}

RefTensor BatchNorm::reference(std::span<const RefTensor> src, const Mode& mode) const {
  const RefTensor& data = src[0];
  const Shape& s = data.shape;
  RefTensor dst(s);
  const auto for_channel = [&](std::int64_t c, auto&& function) {
    for (std::int64_t n = 0; n < s[0]; ++n) {
      for (std::int64_t y = 0; y < s[2]; ++y) {
        for (std::int64_t x = 0; x < s[3]; ++x) function(data.at(n, c, y, x), dst.at(n, c, y, x));
      }
    }
  };
  const double count = static_cast<double>(s[0] * s[2] * s[3]);
  for (std::int64_t c = 0; c < s[1]; ++c) {
    const auto i = static_cast<std::size_t>(c);
    double mean = src[3].values[i];
    double variance = src[4].values[i];
    if (mode.training && !parameters.frozen) {
      mean = 0;
      variance = 0;
      for_channel(c, [&](double value, double&) { mean += value / count; });
      for_channel(c, [&](double value, double&) { variance += (value - mean) * (value - mean) / count; });
    }
    const double factor = src[1].values[i] / std::sqrt(variance + static_cast<double>(parameters.epsilon));
    for_channel(c, [&](double value, double& result) {
      result = (value - mean) * factor + src[2].values[i];
      if (parameters.relu) result = std::max(result, 0.0);
    });
  }
  return dst;
}

}  // namespace facenet
