// Lines along an axis scaled to unit length: of rows, the last layer of every network (paper, section 3).
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Source: [N,D], or any rank from 2. A line of zeros stays zero, and gets no gradient. dst is plain f32.
struct L2Normalize final : Operator {
  struct Parameters {
    std::int64_t axis = 1;  ///< counted from the front; not 0, the batch
  };

  L2Normalize() = default;
  explicit L2Normalize(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "l2_normalize"; }
  void visit(Fields& fields) override { fields.later_field("axis", parameters.axis, std::int64_t{1}); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
