// Gaussian error linear unit.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Hendrycks and Gimpel 2016: each number times the share of a normal distribution below it.
struct Gelu final : Operator {
  struct Parameters {
    bool tanh = false;  ///< their approximation by a hyperbolic tangent
  };

  Gelu() = default;
  explicit Gelu(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "gelu"; }
  void visit(Fields& fields) override { fields.field("tanh", parameters.tanh); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
