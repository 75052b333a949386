// Concatenation of channels.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Sources: two or more [N,C_i,H,W] that differ in C_i only. dst [N, sum of C_i, H, W].
struct Concat final : Operator {
  std::string_view name() const override { return "concat"; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
};

}  // namespace facenet
