// Logistic function.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

struct Sigmoid final : Operator {
  std::string_view name() const override { return "sigmoid"; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
};

}  // namespace facenet
