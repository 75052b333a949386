// Error function, hyperbolic tangent, square root.
#pragma once

#include "kernels/elementwise.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// dst is f32. The three kinds are three operators of one form. The root of 0 has an infinite slope.
struct Unary final : Operator {
  using Kind = kernels::Unary;

  explicit Unary(Kind k) : kind(k) {}

  std::string_view name() const override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Kind kind;

 private:
  TensorSpec working_spec(const TensorSpec& src) const;
};

}  // namespace facenet
