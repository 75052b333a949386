// Axes in another order.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

struct Transpose final : Operator {
  struct Parameters {
    /// Axis i of the result is the source's axis permutation[i]; the batch stays first.
    std::vector<std::int64_t> permutation{0, 2, 3, 1};
  };

  Transpose() = default;
  explicit Transpose(Parameters p) : parameters(std::move(p)) {}

  std::string_view name() const override { return "transpose"; }
  void visit(Fields& fields) override { fields.field("permutation", parameters.permutation); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
