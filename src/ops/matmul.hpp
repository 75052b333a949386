// Products of matrices that both come from the image, as attention has them.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Sources: [N,...,M,K] and [N,...,K,L], alike in all but the last two axes, of which there are others in front. dst
/// [N,...,M,L], plain f32. A product with a constant matrix is Linear.
struct Matmul final : Operator {
  std::string_view name() const override { return "matmul"; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
  std::int64_t multiply_adds(std::span<const Shape> src) const override;
};

}  // namespace facenet
