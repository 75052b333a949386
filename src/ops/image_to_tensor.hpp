// From a batch of images to numbers: the model's preprocessing contract, as the first operator of its graph.
#pragma once

#include "ops/operator.hpp"

namespace facenet {

/// Source: u8 [N,H,W,3], RGB. dst [N,3,H,W]: (value - mean) * scale. It has no backward: bytes have no gradient.
struct ImageToTensor final : Operator {
  struct Parameters {
    std::array<float, 3> mean{127.5F, 127.5F, 127.5F};  ///< in the order of the network's channels, of values 0..255
    std::array<float, 3> scale{1.0F / 128, 1.0F / 128, 1.0F / 128};
    bool bgr = false;  ///< the network wants blue first
    // Set by those who run a network, never in a file:
    bool bf16 = false;  ///< the whole network then works in bfloat16
    float step = 0;     ///< above 0: dst is s8, nhwc, and counts these
  };

  ImageToTensor() = default;
  explicit ImageToTensor(const Parameters& p) : parameters(p) {}

  std::string_view name() const override { return "image_to_tensor"; }
  void visit(Fields& fields) override;
  Shape shape(std::span<const Shape> src) const override;
  Compiled compile(std::span<const Operand> operands) const override;
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
  RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const override;

  Parameters parameters;
};

}  // namespace facenet
