// dst = src * P(src), P(x) = (1 + erf(x / sqrt 2)) / 2 or (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
//   diff_src = diff_dst * (P(src) + src * P'(src))
#include "ops/gelu.hpp"

#include <cmath>
#include <numbers>

#include "kernels/elementwise.hpp"

namespace facenet {

Shape Gelu::shape(std::span<const Shape> src) const {
  require_one(src);
  return src[0];
}

Compiled Gelu::compile(std::span<const Operand> operands) const {
  const TensorSpec spec = elementwise_spec(operands[0].spec, true);
  return {kernels::gelu(spec, parameters.tanh), {spec}, spec, {}};
}

std::vector<Tensor> Gelu::backward(const BackwardArguments& a) const {
  const TensorSpec& spec = a.dst.spec();
  const Tensor src = kernels::reorder(a.src[0], spec.type, spec.layout);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const Tensor diff_src(spec);
  kernels::gelu_backward(spec, parameters.tanh)->run({src.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Gelu::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  for (auto& x : dst.values) {
    const double bent = parameters.tanh ? std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))
                                        : std::erf(x / std::numbers::sqrt2);
    x *= (1 + bent) / 2;
  }
  return dst;
}

}  // namespace facenet
