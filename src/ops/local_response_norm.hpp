// Local response normalisation (Krizhevsky et al. 2012, section 3.3), the "norm" of the paper's tables.
#pragma once

#include "kernels/local_response_norm.hpp"
#include "ops/operator.hpp"

namespace facenet {

struct LocalResponseNorm final : Operator {
  struct Parameters {
    std::int64_t size = 5;  ///< channels summed over, centred; odd
    float alpha = 1e-4F;    ///< divided by size, as the paper's authors' framework does
    float beta = 0.75F;
    float k = 1.0F;
  };

  LocalResponseNorm() = default;
  explicit LocalResponseNorm(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "local_response_norm"; }
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;

 private:
  kernels::LocalResponseNormProblem problem(const TensorSpec& src) const;
};

}  // namespace facenet
