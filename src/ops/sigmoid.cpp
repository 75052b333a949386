// dst = 1 / (1 + exp(-src));  diff_src = diff_dst * dst * (1 - dst)
#include "ops/sigmoid.hpp"

#include <cmath>

#include "kernels/elementwise.hpp"

namespace facenet {

Shape Sigmoid::shape(std::span<const Shape> src) const {
  require_one(src);
  return src[0];
}

Compiled Sigmoid::compile(std::span<const Operand> operands) const {
  const TensorSpec spec = elementwise_spec(operands[0].spec, false);
  return {kernels::sigmoid(spec), {spec}, spec, {}};
}

std::vector<Tensor> Sigmoid::backward(const BackwardArguments& a) const {
  const TensorSpec& spec = a.dst.spec();
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const Tensor diff_src(spec);
  kernels::sigmoid_backward(spec)->run({a.dst.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Sigmoid::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  for (auto& value : dst.values) value = 1 / (1 + std::exp(-value));
  return dst;
}

}  // namespace facenet
