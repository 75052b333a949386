// erf:         dst = 2/sqrt(pi) * integral of exp(-t^2) from 0 to src;  diff_src = diff_dst * 2/sqrt(pi) * exp(-src^2)
// tanh:        dst = tanh(src);                                         diff_src = diff_dst * (1 - dst^2)
// square_root: dst = sqrt(src);                                         diff_src = diff_dst / (2 dst)
#include "ops/unary.hpp"

#include <cmath>

namespace facenet {

std::string_view Unary::name() const {
  static constexpr std::string_view kNames[] = {"erf", "tanh", "square_root"};
  return kNames[static_cast<std::size_t>(kind)];
}

Shape Unary::shape(std::span<const Shape> src) const {
  require_one(src);
  return src[0];
}

TensorSpec Unary::working_spec(const TensorSpec& src) const {
  return elementwise_spec({src.shape, DataType::f32, src.layout}, kind != Kind::square_root);
}

Compiled Unary::compile(std::span<const Operand> operands) const {
  const TensorSpec spec = working_spec(operands[0].spec);
  return {kernels::unary(kind, spec), {spec}, spec, {}};
}

std::vector<Tensor> Unary::backward(const BackwardArguments& a) const {
  const TensorSpec& spec = a.dst.spec();
  const Tensor src = kernels::reorder(a.src[0], spec.type, spec.layout);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const Tensor diff_src(spec);
  kernels::unary_backward(kind, spec)->run({src.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Unary::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  for (auto& x : dst.values) x = kind == Kind::erf ? std::erf(x) : kind == Kind::tanh ? std::tanh(x) : std::sqrt(x);
  return dst;
}

}  // namespace facenet
