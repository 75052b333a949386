// Layer normalisation.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Ba, Kiros and Hinton 2016: the numbers along the last axes of each image get mean 0 and variance 1. Sources: data of
/// any rank from 2; scale and, unless switched off, shift, of the shape of those axes. dst is plain f32.
struct LayerNorm final : Operator {
  struct Parameters {
    std::int64_t axis = 1;  ///< the first of those normalised together, counted from the front; not 0, the batch
    float epsilon = 1e-5F;
    bool shift = true;
  };

  LayerNorm() = default;
  explicit LayerNorm(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "layer_norm"; }
  void visit(Fields& fields) override;
  std::size_t parameter_inputs() const override { return parameters.shift ? 2 : 1; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
