// Tape: runs operators as they are applied, remembers them, and runs their backwards in reverse.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "autograd/recorder.hpp"

namespace facenet {

/// One forward and at most one backward. Belongs to one thread. A batch of no images gives empty results, gradients of
/// zero for parameters, and leaves running statistics alone.
class Tape final : public Recorder {
 public:
  struct Options {
    Mode mode;
    bool record = true;          ///< keep what a backward needs
    bool update_buffers = true;  ///< in training mode: move running statistics
  };

  explicit Tape(const Options& options) : options_(options) {}

  Variable input(const Tensor& value, bool requires_gradient = false);
  Variable apply(const std::string& name, const OperatorPtr& op, std::span<const Variable> src) override;
  Variable parameter(const ParameterPtr& parameter) override;
  Shape shape(Variable variable) const override { return slot(variable).value.shape(); }

  const Tensor& value(Variable variable) const { return slot(variable).value; }

  /// Runs the backwards from `output`, whose gradient is `diff`; adds to the gradients of trainable parameters. Values
  /// and saved tensors are let go on the way.
  void backward(Variable output, const Tensor& diff);
  /// After backward: the gradient of an input that asked for it.
  const Tensor& gradient(Variable input) const { return slot(input).gradient; }

 private:
  struct Slot {
    Tensor value;
    bool requires_gradient = false;
    ParameterPtr parameter;
    std::vector<Tensor> parts;  // what consumers gave, summed when the producer's turn comes
    Tensor gradient;
  };
  struct Record {
    OperatorPtr op;
    std::vector<Variable> src;
    Variable dst;
    Saved saved;
  };

  Slot& slot(Variable v) { return slots_[static_cast<std::size_t>(v.id)]; }
  const Slot& slot(Variable v) const { return slots_[static_cast<std::size_t>(v.id)]; }
  Variable add(Slot slot);
  void backward(Record& record);
  void keep(Variable variable, const Tensor& gradient);

  Options options_;
  std::deque<Slot> slots_;
  std::vector<Record> records_;
  std::unordered_map<const Parameter*, Variable> parameters_;
};

}  // namespace facenet
