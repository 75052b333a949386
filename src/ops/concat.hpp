// Concatenation along an axis.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Sources: one or more that differ along the axis only, usually [N,C_i,H,W] in their channels; there dst is as they
/// are, else plain.
struct Concat final : Operator {
  struct Parameters {
    std::int64_t axis = 1;  ///< counted from the front; not 0, the batch
  };

  Concat() = default;
  explicit Concat(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "concat"; }
  void visit(Fields& fields) override { fields.later_field("axis", parameters.axis, std::int64_t{1}); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
