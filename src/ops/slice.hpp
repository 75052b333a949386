// Some of the places along an axis.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Any rank from 2; dst is plain.
struct Slice final : Operator {
  struct Parameters {
    std::int64_t axis = 1;   ///< counted from the front; not 0, the batch
    std::int64_t begin = 0;  ///< the first place
    std::int64_t count = 1;  ///< how many, `step` apart
    std::int64_t step = 1;
  };

  Slice() = default;
  explicit Slice(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "slice"; }
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
