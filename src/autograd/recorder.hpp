// What a module is applied to: a Tape, which runs the operators, or a tracer, which writes them down as a Graph.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "ops/operator.hpp"
#include "tensor/tensor.hpp"

namespace facenet {

/// A named tensor that training changes, or keeps up to date (running statistics: `buffer`).
struct Parameter {
  std::string name;
  Tensor value;     ///< plain float32
  Tensor gradient;  ///< empty, or the sum of what backward passes added since it was emptied
  bool buffer = false;
  bool trainable = true;
  bool decay = false;  ///< weight decay applies: weights of convolutions and linear layers, not biases and norms
};
using ParameterPtr = std::shared_ptr<Parameter>;

/// A result on a recorder: a number that stands for a tensor.
struct Variable {
  int id = -1;
};

class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Applies an operator; `name` is the layer's, for messages and files.
  virtual Variable apply(const std::string& name, const OperatorPtr& op, std::span<const Variable> src) = 0;
  virtual Variable parameter(const ParameterPtr& parameter) = 0;
  virtual Shape shape(Variable variable) const = 0;
};

/// `op.shape(src)`, with the layer's name in front of the message when shapes do not fit.
Shape checked_shape(const std::string& layer, const Operator& op, std::span<const Shape> src);

}  // namespace facenet
