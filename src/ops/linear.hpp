// Fully connected layer.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Sources: src [N,I] or [N,C,H,W] with C*H*W = I, or with `rows` [N,...,I]; weights [O,I]; bias [O] with `bias`. dst
/// [N,O], with `rows` [N,...,O], always f32.
struct Linear final : Operator {
  struct Parameters {
    bool bias = true;
    bool rows = false;  ///< each row along the last axis by itself, not an image's numbers together
  };

  Linear() = default;
  explicit Linear(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "linear"; }
  void visit(Fields& fields) override;
  std::size_t parameter_inputs() const override { return parameters.bias ? 2 : 1; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
  std::int64_t multiply_adds(std::span<const Shape> src) const override { return src[0].elements() * src[1][0]; }

  Parameters parameters;
};

}  // namespace facenet
