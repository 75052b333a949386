// dst[n,o] = max over k of src[n, k*O + o]
//   diff_src: diff_dst goes to where the maximum was, to the first of them where pieces are equal
#include "ops/maxout.hpp"

#include <algorithm>

namespace facenet {

kernels::MaxoutProblem Maxout::problem(const TensorSpec& src) const {
  kernels::MaxoutProblem p{{src.shape, working_type(src.type), src.layout}, parameters.pieces};
  // Blocks stay whole only where each piece fills some.
  if (src.shape[1] / p.pieces % block_of(p.src.layout) != 0) p.src.layout = Layout::plain;
  return p;
}

Shape Maxout::shape(std::span<const Shape> src) const {
  if (src.size() != 1 || (src[0].rank() != 2 && src[0].rank() != 4)) {
    refuse(src, "wants one source [N,pieces*O] or [N,pieces*O,H,W]");
  }
  if (parameters.pieces < 1 || src[0][1] % parameters.pieces != 0) {
    refuse(src, std::to_string(src[0][1]) + " channels do not make " + std::to_string(parameters.pieces) +
                    " pieces of one size");
  }
  return problem({src[0]}).dst().shape;
}

Compiled Maxout::compile(std::span<const Operand> operands) const {
  const auto p = problem(operands[0].spec);
  return {kernels::maxout(p), {p.src}, p.dst(), {}};
}

std::vector<Tensor> Maxout::backward(const BackwardArguments& a) const {
  const auto p = problem(a.src[0].spec());
  const Tensor src = kernels::reorder(a.src[0], p.src.type, p.src.layout);
  const Tensor diff_dst = kernels::reorder(a.diff_dst, p.src.type, p.src.layout);
  const Tensor diff_src(p.src);
  kernels::maxout_backward(p)->run({src.raw(), diff_dst.raw(), diff_src.raw()});
  return {diff_src};
}

RefTensor Maxout::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const Shape shapes[] = {src[0].shape};
  RefTensor dst(shape(shapes));
  const std::size_t size = dst.shape[0] == 0 ? 0 : dst.values.size() / static_cast<std::size_t>(dst.shape[0]);
  const auto pieces = static_cast<std::size_t>(parameters.pieces);
  for (std::size_t i = 0; i < dst.values.size(); ++i) {
    const std::size_t first = i / size * size * pieces + i % size;
    dst.values[i] = src[0].values[first];
    for (std::size_t k = 1; k < pieces; ++k) dst.values[i] = std::max(dst.values[i], src[0].values[first + k * size]);
  }
  return dst;
}

}  // namespace facenet
