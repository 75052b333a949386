// dst[i_p0, i_p1, ...] = src[i_0, i_1, ...] for the permutation p;  diff_src: diff_dst with the inverse permutation
#include "ops/transpose.hpp"

#include <algorithm>

#include "kernels/transpose.hpp"

namespace facenet {

Shape Transpose::shape(std::span<const Shape> src) const {
  require_one(src);
  const auto& permutation = parameters.permutation;
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    const bool there = std::find(permutation.begin(), permutation.end(), i) != permutation.end();
    if (!there || permutation.size() != src[0].rank()) {
      refuse(src, "the permutation must name each axis of the data once");
    }
    dims.push_back(src[0][static_cast<std::size_t>(permutation[i])]);
  }
  if (dims.empty() || permutation[0] != 0)
    refuse(src, "the batch must stay the first axis: images are treated one by one");
  return Shape(dims);
}

Compiled Transpose::compile(std::span<const Operand> operands) const {
  const TensorSpec src{operands[0].spec.shape, working_type(operands[0].spec.type), Layout::plain};
  return {kernels::transpose(src, parameters.permutation),
          {src},
          {shape(std::span(&src.shape, 1)), src.type, src.layout},
          {}};
}

std::vector<Tensor> Transpose::backward(const BackwardArguments& a) const {
  const Tensor diff_dst = kernels::reorder(a.diff_dst, a.dst.type(), Layout::plain);
  const Tensor diff_src(TensorSpec{a.src[0].shape(), a.dst.type(), Layout::plain});
  std::vector<std::int64_t> inverse(parameters.permutation.size());
  for (std::size_t i = 0; i < inverse.size(); ++i) {
    inverse[static_cast<std::size_t>(parameters.permutation[i])] = static_cast<std::int64_t>(i);
  }
  kernels::transpose(diff_dst.spec(), inverse)->run({diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Transpose::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  RefTensor dst(shape(std::span(&src[0].shape, 1)));
  for (std::size_t to = 0; to < dst.values.size(); ++to) {
    std::array<std::size_t, Shape::kMaxRank> index{};  // in the source
    std::size_t rest = to;
    for (std::size_t i = dst.shape.rank(); i-- > 0;) {
      const auto extent = static_cast<std::size_t>(dst.shape[i]);
      index[static_cast<std::size_t>(parameters.permutation[i])] = rest % extent;
      rest /= extent;
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < src[0].shape.rank(); ++i)
      from = from * static_cast<std::size_t>(src[0].shape[i]) + index[i];
    dst.values[to] = src[0].values[from];
  }
  return dst;
}

}  // namespace facenet
