// Values held between two limits.
#pragma once

#include <limits>

#include "ops/operator.hpp"

namespace facenet {

struct Clip final : Operator {
  struct Parameters {
    float min = std::numeric_limits<float>::lowest();
    float max = std::numeric_limits<float>::max();
  };

  Clip() = default;
  explicit Clip(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "clip"; }
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;

 private:
  TensorSpec working_spec(const TensorSpec& src) const;
};

}  // namespace facenet
