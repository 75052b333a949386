// Rows scaled to unit length: the last layer of every network (paper, section 3).
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Source: [N,D]. A row of zeros stays zero, and gets no gradient.
struct L2Normalize final : Operator {
  std::string_view name() const override { return "l2_normalize"; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
};

}  // namespace facenet
