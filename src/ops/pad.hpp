// A border around maps and channels.
#pragma once

#include "kernels/pad.hpp"
#include "ops/operator.hpp"

namespace facenet {

/// Source: [N,C,H,W]. Where a convolution or a pooling follows, its own padding is faster.
struct Pad final : Operator {
  struct Parameters {
    std::array<std::int64_t, 2> pad_begin{0, 0};  ///< top, left
    std::array<std::int64_t, 2> pad_end{0, 0};    ///< bottom, right
    float value = 0;
    std::array<std::int64_t, 2> channels{0, 0};  ///< before the first, behind the last
  };

  Pad() = default;
  explicit Pad(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "pad"; }
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;

 private:
  kernels::Border begin() const { return {parameters.channels[0], parameters.pad_begin[0], parameters.pad_begin[1]}; }
};

}  // namespace facenet
