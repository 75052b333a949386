// Sum, difference, product and quotient, with broadcasting.
#pragma once

#include "kernels/arithmetic.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// Two sources whose shapes agree, aligned from the right, but where one has an extent of 1 or none (numpy's rule).
/// Data have the result's rank and all of its batch; a constant serves every image, so its extent at the batch's place
/// is 1, or it has fewer axes. `add` also takes more than two data sources, of one shape.
struct Arithmetic final : Operator {
  using Kind = kernels::Arithmetic;
  struct Parameters {
    bool constant = false;  ///< the second source is a parameter
    bool reversed = false;  ///< subtract, divide: constant - data, constant / data
  };

  explicit Arithmetic(Kind k) : kind(k) {}
  Arithmetic(Kind k, const Parameters& p) : kind(k), parameters(p) {}

  std::string_view name() const override;
  void visit(Fields& fields) override;
  std::size_t parameter_inputs() const override { return parameters.constant ? 1 : 0; }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Kind kind;
  Parameters parameters;

 private:
  bool swapped() const;
};

}  // namespace facenet
