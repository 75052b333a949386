// dst = min(max(src, min), max);  diff_src = diff_dst where min <= src <= max, else 0
#include "ops/clip.hpp"

#include <algorithm>

#include "kernels/elementwise.hpp"

namespace facenet {

void Clip::visit(Fields& f) {
  f.field("min", parameters.min);
  f.field("max", parameters.max);
}

Shape Clip::shape(std::span<const Shape> src) const {
  require_one(src);
  if (!(parameters.min <= parameters.max)) refuse(src, "min must not be above max");
  return src[0];
}

TensorSpec Clip::working_spec(const TensorSpec& src) const {
  return elementwise_spec(src, parameters.min <= 0 && parameters.max >= 0);
}

Compiled Clip::compile(std::span<const Operand> operands) const {
  const TensorSpec spec = working_spec(operands[0].spec);
  return {kernels::clip(spec, parameters.min, parameters.max), {spec}, spec, {}};
}

std::vector<Tensor> Clip::backward(const BackwardArguments& a) const {
  const TensorSpec spec = working_spec(a.src[0].spec());
  const Tensor src = kernels::reorder(a.src[0], spec.type, spec.layout);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, spec.type, spec.layout);
  const Tensor diff_src(spec);
  kernels::clip_backward(spec, parameters.min, parameters.max)->run({src.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Clip::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  for (auto& value : dst.values) {
    value = std::clamp(value, static_cast<double>(parameters.min), static_cast<double>(parameters.max));
  }
  return dst;
}

}  // namespace facenet
