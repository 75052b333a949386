// Normalised exponentials along an axis.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Any rank from 2; dst is plain f32.
struct Softmax final : Operator {
  struct Parameters {
    std::int64_t axis = 1;  ///< counted from the front; not 0, the batch
  };

  Softmax() = default;
  explicit Softmax(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "softmax"; }
  void visit(Fields& fields) override { fields.field("axis", parameters.axis); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
