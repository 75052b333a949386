// Maxout (Goodfellow et al. 2013): the largest of several linear pieces. FaceNet, Table 1, the layers fc1 and fc2.
#pragma once

#include "kernels/maxout.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// Source: [N,pieces*O] or [N,pieces*O,H,W]. dst [N,O] or [N,O,H,W]: element o is the largest of the elements k*O + o.
struct Maxout final : Operator {
  struct Parameters {
    std::int64_t pieces = 2;
  };

  Maxout() = default;
  explicit Maxout(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "maxout"; }
  void visit(Fields& fields) override { fields.field("pieces", parameters.pieces); }
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;

 private:
  kernels::MaxoutProblem problem(const TensorSpec& src) const;
};

}  // namespace facenet
