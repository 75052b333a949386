// Pooling: maximum, average, L2.
#pragma once

#include "kernels/pooling.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// Source: [N,C,H,W]. The three kinds are three operators of one form.
struct Pool final : Operator {
  using Kind = kernels::Pooling;
  struct Parameters {
    std::array<std::int64_t, 2> window{3, 3};  ///< {0,0}: the whole map
    std::array<std::int64_t, 2> stride{1, 1};
    std::array<std::int64_t, 2> pad_begin{0, 0};
    std::array<std::int64_t, 2> pad_end{0, 0};
    bool count_padding = false;  ///< average: padding counts as zeros
  };

  explicit Pool(Kind k) : kind(k) {}
  Pool(Kind k, const Parameters& p) : kind(k), parameters(p) {}

  std::string_view name() const override;
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  kernels::PoolingProblem problem(const TensorSpec& src) const;

  Kind kind;
  Parameters parameters;
};

}  // namespace facenet
