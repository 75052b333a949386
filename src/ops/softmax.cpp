// dst = exp(src) / sum of exp(src) along the axis;  diff_src = dst * (diff_dst - sum of diff_dst * dst along the axis)
#include "ops/softmax.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/softmax.hpp"

namespace facenet {

Shape Softmax::shape(std::span<const Shape> src) const {
  require_one(src);
  if (parameters.axis < 1 || parameters.axis >= static_cast<std::int64_t>(src[0].rank())) {
    refuse(src, "axis " + std::to_string(parameters.axis) + " is the batch or none of the data's");
  }
  return src[0];
}

Compiled Softmax::compile(std::span<const Operand> operands) const {
  const TensorSpec spec{operands[0].spec.shape};
  return {kernels::softmax(spec.shape, static_cast<std::size_t>(parameters.axis)), {spec}, spec, {}};
}

std::vector<Tensor> Softmax::backward(const BackwardArguments& a) const {
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  const Tensor diff_src(a.dst.spec());
  kernels::softmax_backward(a.dst.shape(), static_cast<std::size_t>(parameters.axis))
      ->run({a.dst.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Softmax::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  std::size_t inner = 1;
  for (std::size_t i = static_cast<std::size_t>(parameters.axis) + 1; i < dst.shape.rank(); ++i) {
    inner *= static_cast<std::size_t>(dst.shape[i]);
  }
  const auto extent = static_cast<std::size_t>(dst.shape[static_cast<std::size_t>(parameters.axis)]);
  for (std::size_t first = 0; first < dst.values.size(); ++first) {
    if (first / inner % extent != 0) continue;  // not the first along the axis
    double sum = 0;
    for (std::size_t i = 0; i < extent; ++i) sum += std::exp(dst.values[first + i * inner]);
    for (std::size_t i = 0; i < extent; ++i) {
      double& value = dst.values[first + i * inner];
      value = std::exp(value) / sum;
    }
  }
  return dst;
}

}  // namespace facenet
