// dst = max(src, 0);  diff_src = diff_dst where dst > 0, else 0
#include "ops/relu.hpp"

#include <algorithm>

#include "kernels/elementwise.hpp"

namespace facenet {

Shape Relu::shape(std::span<const Shape> src) const {
  if (src.size() != 1) refuse(src, "wants one source");
  return src[0];
}

Compiled Relu::compile(std::span<const Operand> operands) const {
  TensorSpec spec = operands[0].spec;
  spec.type = working_type(spec.type);
  return {kernels::relu(spec), {spec}, spec, {}};
}

std::vector<Tensor> Relu::backward(const BackwardArguments& a) const {
  const TensorSpec& spec = a.dst.spec();
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const Tensor diff_src(spec);
  kernels::relu_backward(spec)->run({a.dst.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Relu::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  for (auto& value : dst.values) value = std::max(value, 0.0);
  return dst;
}

}  // namespace facenet
