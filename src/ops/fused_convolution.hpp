// A convolution with what follows it, in one kernel.
#pragma once

#include <utility>

#include "ops/convolution.hpp"

namespace facenet {

/// Sources: those of the convolution, with `sum` a second one of dst's shape after the first, with `prelu` slopes [O]
/// or [1] at the end. dst = rectified(convolution + second source), where the convolution's own ReLU comes last too.
struct FusedConvolution final : InferenceOperator {
  explicit FusedConvolution(const Convolution& convolution, bool with_sum = false, bool with_prelu = false,
                            std::string name_of_layer = {})
      : plain(convolution), sum(with_sum), prelu(with_prelu), layer(std::move(name_of_layer)) {}

  std::string_view name() const override;
  std::size_t parameter_inputs() const override { return plain.parameter_inputs() + (prelu ? 1 : 0); }
  Shape shape(std::span<const Shape> sources) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Compiled> alternatives(std::span<const Operand> operands) const override;
  std::optional<Compiled> sure_alternative(std::span<const Operand> operands) const override;
  /// Whether it runs as fast as it should: where not, leave the parts as they are.
  bool has_kernel(const Shape& source, const Shape& weights) const;
  RefTensor reference(std::span<const RefTensor> sources, const Mode& mode) const override;
  std::int64_t multiply_adds(std::span<const Shape> sources) const override;

  kernels::ConvolutionProblem problem(const TensorSpec& source, const Shape& weights) const;
  /// Weights, then bias and slopes where it has them; slopes are [O].
  std::vector<Tensor> constants(std::span<const Operand> operands) const;

  Convolution plain;
  bool sum, prelu;
  std::string layer;  ///< the convolution's, where the node has the name of what follows it
};

}  // namespace facenet
