// dst = src / |src|;  diff_src = (diff_dst - dst * <dst, diff_dst>) / |src|
#include "ops/l2_normalize.hpp"

#include <cmath>

#include "kernels/l2_normalize.hpp"

namespace facenet {

Shape L2Normalize::shape(std::span<const Shape> src) const {
  if (src.size() != 1 || src[0].rank() != 2) refuse(src, "wants one source [N,D]");
  return src[0];
}

Compiled L2Normalize::compile(std::span<const Operand> operands) const {
  const TensorSpec spec{operands[0].spec.shape};
  return {kernels::l2_normalize(spec.shape[0], spec.shape[1]), {spec}, spec, {}};
}

std::vector<Tensor> L2Normalize::backward(const BackwardArguments& a) const {
  const Tensor src = kernels::to_plain(a.src[0]);
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  const Tensor diff_src(src.spec());
  kernels::l2_normalize_backward(src.shape()[0], src.shape()[1])
      ->run({src.raw(), a.dst.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor L2Normalize::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  const auto columns = static_cast<std::size_t>(dst.shape[1]);
  for (std::size_t row = 0; row < dst.values.size(); row += columns) {
    double squares = 0;
    for (std::size_t i = row; i < row + columns; ++i) squares += dst.values[i] * dst.values[i];
    for (std::size_t i = row; i < row + columns; ++i)
      dst.values[i] = squares > 0 ? dst.values[i] / std::sqrt(squares) : 0;
  }
  return dst;
}

}  // namespace facenet
