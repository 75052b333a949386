// dst = src_0 + src_1 + ...;  diff_src_i = diff_dst
#include "ops/add.hpp"

#include "kernels/elementwise.hpp"

namespace facenet {

Shape Add::shape(std::span<const Shape> src) const {
  if (src.size() < 2) refuse(src, "wants two sources or more");
  for (const auto& s : src) {
    if (s != src[0]) refuse(src, "sources must have one shape");
  }
  return src[0];
}

Compiled Add::compile(std::span<const Operand> operands) const {
  TensorSpec spec = operands[0].spec;
  spec.type = working_type(spec.type);
  return {kernels::add(spec, operands.size()), std::vector<TensorSpec>(operands.size(), spec), spec, {}};
}

std::vector<Tensor> Add::backward(const BackwardArguments& a) const {
  return std::vector<Tensor>(a.src.size(), a.diff_dst);  // shared: nobody writes to a gradient
}

RefTensor Add::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  for (const auto& s : src.subspan(1)) {
    for (std::size_t i = 0; i < dst.values.size(); ++i) dst.values[i] += s.values[i];
  }
  return dst;
}

}  // namespace facenet
