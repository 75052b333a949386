// Dropout (Srivastava et al. 2014), inverted: training scales what it keeps, inference does nothing.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

struct Dropout final : Operator {
  struct Parameters {
    float probability = 0.5F;  ///< of dropping an element, 0 <= p < 1
    std::int64_t stream = 0;   ///< tells the dropouts of one network apart: same seed, other mask
  };

  Dropout() = default;
  explicit Dropout(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "dropout"; }
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;

 private:
  std::vector<float> mask(std::int64_t count, std::uint64_t seed) const;
};

}  // namespace facenet
