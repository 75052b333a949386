// For each pair: dst = left * right;  diff_left = diff_dst * right^T;  diff_right = left^T * diff_dst
#include "ops/matmul.hpp"

#include <algorithm>

#include "kernels/matmul.hpp"

namespace facenet {
namespace {

kernels::MatmulProblem problem(const Shape& left, const Shape& right) {
  const std::size_t last = left.rank() - 1;
  std::int64_t pairs = 1;
  for (const auto extent : left.dims().first(last - 1)) pairs *= extent;
  return {pairs, left[last - 1], left[last], right[last]};
}

}  // namespace

Shape Matmul::shape(std::span<const Shape> src) const {
  if (src.size() != 2) refuse(src, "wants two sources");
  const std::size_t rank = src[0].rank();
  if (rank < 3 || src[1].rank() != rank) refuse(src, "wants [N,...,M,K] and [N,...,K,L], of as many axes");
  const auto front = src[0].dims().first(rank - 2);
  if (!std::equal(front.begin(), front.end(), src[1].dims().begin())) {
    refuse(src, "the axes before the matrices must agree");
  }
  if (src[0][rank - 1] != src[1][rank - 2]) refuse(src, "columns of the left matrix must be rows of the right one");
  if (src[0][rank - 1] == 0) refuse(src, "the matrices are empty");
  std::vector<std::int64_t> dims(src[0].dims().begin(), src[0].dims().end());
  dims.back() = src[1][rank - 1];
  return Shape(dims);
}

Compiled Matmul::compile(std::span<const Operand> operands) const {
  const Shape shapes[] = {operands[0].spec.shape, operands[1].spec.shape};
  return {kernels::matmul(problem(shapes[0], shapes[1])),
          {TensorSpec{shapes[0]}, TensorSpec{shapes[1]}},
          TensorSpec{shape(shapes)},
          {}};
}

std::vector<Tensor> Matmul::backward(const BackwardArguments& a) const {
  const Tensor left = kernels::to_plain(a.src[0]);
  const Tensor right = kernels::to_plain(a.src[1]);
  const Tensor diff_dst = kernels::to_plain(a.diff_dst);
  const auto p = problem(left.shape(), right.shape());
  std::vector<Tensor> gradients(2);
  if (a.needed[0]) {
    gradients[0] = Tensor(left.spec());
    kernels::matmul({p.pairs, p.rows, p.columns, p.inner, false, true})
        ->run({diff_dst.raw(), right.raw(), gradients[0].raw()});
  }
  if (a.needed[1]) {
    gradients[1] = Tensor(right.spec());
    kernels::matmul({p.pairs, p.inner, p.rows, p.columns, true, false})
        ->run({left.raw(), diff_dst.raw(), gradients[1].raw()});
  }
  return gradients;
}

RefTensor Matmul::reference(std::span<const RefTensor> src, const Mode& /*mode*/) const {
  const Shape shapes[] = {src[0].shape, src[1].shape};
  RefTensor dst(shape(shapes));
  const auto p = problem(shapes[0], shapes[1]);
  for (std::size_t to = 0; to < dst.values.size(); ++to) {
    const auto at = static_cast<std::int64_t>(to);
    const std::int64_t row = at / p.columns;  // of all pairs
    const std::int64_t pair = row / p.rows;
    for (std::int64_t k = 0; k < p.inner; ++k) {
      dst.values[to] += src[0].values[static_cast<std::size_t>(row * p.inner + k)] *
                        src[1].values[static_cast<std::size_t>((pair * p.inner + k) * p.columns + at % p.columns)];
    }
  }
  return dst;
}

std::int64_t Matmul::multiply_adds(std::span<const Shape> src) const {
  return src[0].elements() * src[1][src[1].rank() - 1];
}

}  // namespace facenet
