// Batch normalisation (Ioffe and Szegedy 2015).
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Sources: src [N,C,H,W]; scale (gamma), shift (beta), running_mean, running_variance, each [C].
struct BatchNorm final : Operator {
  struct Parameters {
    float epsilon = 1e-5F;
    float momentum = 0.1F;  ///< weight of the batch in the running statistics
    bool relu = false;      ///< max(0, .) of the result, in the same pass over memory
    /// Training, too, normalises by the running statistics, and leaves them alone. Of one training, not of the network:
    /// never stored.
    bool frozen = false;
  };

  BatchNorm() = default;
  explicit BatchNorm(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "batch_norm"; }
  void visit(Fields& fields) override;
  std::size_t parameter_inputs() const override { return 4; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  void update_buffers(std::span<const Tensor> src, const Saved& saved) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
