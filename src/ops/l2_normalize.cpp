// dst = src / |src|;  diff_src = (diff_dst - dst * <dst, diff_dst>) / |src|
#include "ops/l2_normalize.hpp"

#include <cmath>

#include "kernels/l2_normalize.hpp"

namespace facenet {
namespace {

kernels::Lines lines(const Shape& shape, std::int64_t axis) {
  kernels::Lines result{1, shape[static_cast<std::size_t>(axis)], 1};
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (i != static_cast<std::size_t>(axis)) result.lines *= shape[i];
    if (i > static_cast<std::size_t>(axis)) result.inner *= shape[i];
  }
  return result;
}

}  // namespace

Shape L2Normalize::shape(std::span<const Shape> src) const {
  require_one(src);
  if (parameters.axis < 1 || parameters.axis >= static_cast<std::int64_t>(src[0].rank())) {
    refuse(src, "axis " + std::to_string(parameters.axis) + " is the batch or none of the data's");
  }
  return src[0];
}

Compiled L2Normalize::compile(std::span<const Operand> operands) const {
  const TensorSpec spec{operands[0].spec.shape};
  return {kernels::l2_normalize(lines(spec.shape, parameters.axis)), {spec}, spec, {}};
}

std::vector<Tensor> L2Normalize::backward(const BackwardArguments& a) const {
  const Tensor src = kernels::to_plain(a.src[0]);
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  const Tensor diff_src(src.spec());
  kernels::l2_normalize_backward(lines(src.shape(), parameters.axis))
      ->run({src.raw(), a.dst.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor L2Normalize::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst = src[0];
  const auto [count, extent, inner] = lines(dst.shape, parameters.axis);
  for (std::int64_t line = 0; line < count; ++line) {
    const std::int64_t first = line / inner * extent * inner + line % inner;
    double squares = 0;
    const auto at = [&, step = inner](std::int64_t i) -> double& {
      return dst.values[static_cast<std::size_t>(first + i * step)];
    };
    for (std::int64_t i = 0; i < extent; ++i) squares += at(i) * at(i);
    for (std::int64_t i = 0; i < extent; ++i) at(i) = squares > 0 ? at(i) / std::sqrt(squares) : 0;
  }
  return dst;
}

}  // namespace facenet
