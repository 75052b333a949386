// Rectified linear unit with a learnt slope below zero (He et al. 2015).
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Sources: src [N,C] or [N,C,H,W]; slope [C], one for each channel, or [1] for all.
struct Prelu final : Operator {
  std::string_view name() const override { return "prelu"; }
  std::size_t parameter_inputs() const override { return 1; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
};

}  // namespace facenet
