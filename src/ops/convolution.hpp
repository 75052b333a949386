// Convolution, with groups and asymmetric padding.
#pragma once

#include "kernels/convolution.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// Sources: src [N,C,H,W], weights [O,C/groups,KH,KW] and, with `bias`, bias [O]. dst [N,O,H',W'].
struct Convolution final : Operator {
  struct Parameters {
    std::array<std::int64_t, 2> stride{1, 1};
    std::array<std::int64_t, 2> dilation{1, 1};
    std::array<std::int64_t, 2> pad_begin{0, 0};  ///< top, left
    std::array<std::int64_t, 2> pad_end{0, 0};    ///< bottom, right
    std::int64_t groups = 1;
    bool bias = true;
    bool relu = false;  ///< max(0, .) of the result
    // Set by those who run a network, never in a file:
    bool f16 = false;  ///< float32 data may be multiplied in float16
  };

  Convolution() = default;
  explicit Convolution(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "convolution"; }
  void visit(Fields& fields) override;
  std::size_t parameter_inputs() const override { return parameters.bias ? 2 : 1; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Compiled> alternatives(std::span<const Operand> operands) const override;
  std::optional<Compiled> sure_alternative(std::span<const Operand> operands) const override;
  Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;
  std::int64_t multiply_adds(std::span<const Shape> src) const override;

  kernels::ConvolutionProblem problem(const TensorSpec& src, const Shape& weights) const;

  Parameters parameters;
};

/// The convolution that `constants` (weights, then bias and slopes where it has them) belong to.
Compiled compiled_convolution(const kernels::ConvolutionProblem& problem, std::vector<Tensor> constants);
/// The same by kernels of our own (Winograd's algorithms, streamed weights), where they may pay.
std::vector<Compiled> other_convolutions(const kernels::ConvolutionProblem& problem,
                                         const std::vector<Tensor>& constants);
std::optional<Compiled> sure_convolution(const kernels::ConvolutionProblem& problem,
                                         const std::vector<Tensor>& constants);

}  // namespace facenet
