// Mean, sum and maximum over axes.
#pragma once

#include "kernels/reduction.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// dst is plain f32. The three kinds are three operators of one form. The mean of whole maps is faster as a Pool.
struct Reduce final : Operator {
  using Kind = kernels::Reduction;
  struct Parameters {
    std::vector<std::int64_t> axes{2, 3};  ///< counted from the front, each once; never 0, the batch
    bool keep = true;                      ///< what is reduced stays as an extent of 1
  };

  explicit Reduce(Kind k) : kind(k) {}
  Reduce(Kind k, Parameters p) : kind(k), parameters(std::move(p)) {}

  std::string_view name() const override;
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Kind kind;
  Parameters parameters;

 private:
  std::vector<bool> reduced(std::size_t rank) const;
};

}  // namespace facenet
