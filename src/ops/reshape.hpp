// The same numbers in another shape.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Elements are taken in the order of the plain layout, [N,C,H,W] with W fastest, as ONNX does.
struct Reshape final : Operator {
  struct Parameters {
    /// Of the result: 0 keeps the source's extent at that place, -1 (once) is what is left. The first, the batch, stays
    /// as it is: 0, or -1 where the others account for all of an image.
    std::vector<std::int64_t> target{0, -1};
  };

  Reshape() = default;
  explicit Reshape(Parameters p) : parameters(std::move(p)) {}

  std::string_view name() const override { return "reshape"; }
  void visit(Fields& fields) override { fields.field("target", parameters.target); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
