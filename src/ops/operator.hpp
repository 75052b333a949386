// Operator: a name, named parameters, a shape rule, a forward and a hand-written backward, and a naive reference.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel.hpp"
#include "tensor/tensor.hpp"

namespace facenet {

/// Visits an operator's named parameters, to write or to read them: one list serves files, printing and comparison.
class Fields {
 public:
  virtual ~Fields() = default;
  virtual void field(std::string_view name, std::int64_t& value) = 0;
  virtual void field(std::string_view name, float& value) = 0;
  virtual void field(std::string_view name, bool& value) = 0;
  virtual void field(std::string_view name, std::array<std::int64_t, 2>& value) = 0;
  virtual void field(std::string_view name, std::array<float, 3>& value) = 0;
  /// Axes, extents: at most Shape::kMaxRank numbers.
  virtual void field(std::string_view name, std::vector<std::int64_t>& value) = 0;

  /// A parameter that the operator did not always have: where it has its usual value it is not written, so that older
  /// files are what is written today, and keep their fingerprint.
  template <typename T>
  void later_field(std::string_view name, T& value, const T& usual) {
    if (reads() || value != usual) field(name, value);
  }

 private:
  virtual bool reads() const = 0;
};

/// A tensor of the reference implementation: plain doubles.
struct RefTensor {
  Shape shape;
  std::vector<double> values;
  explicit RefTensor(const Shape& s = {}) : shape(s), values(static_cast<std::size_t>(s.elements())) {}
  double& at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) { return values[index(n, c, y, x)]; }
  double at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const { return values[index(n, c, y, x)]; }

 private:
  std::size_t index(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
    return static_cast<std::size_t>(((n * shape[1] + c) * shape[2] + y) * shape[3] + x);
  }
};

/// How a forward runs: batch statistics and dropout in training, running statistics and no dropout in inference.
struct Mode {
  bool training = false;
  std::uint64_t seed = 0;  ///< of what this step draws at random
};

/// What a forward keeps for its backward besides its sources and destination.
struct Saved {
  std::vector<Tensor> tensors;
};

struct BackwardArguments {
  std::span<const Tensor> src;
  const Tensor& dst;
  const Saved& saved;
  const Tensor& diff_dst;
  const std::vector<bool>& needed;  ///< for each source: is its gradient wanted
};

/// A source of an operator being compiled: a constant (parameter) has a value, data have only a specification.
struct Operand {
  TensorSpec spec;
  Tensor constant;
};

/// An operator made ready to run. The kernel's arguments are the data sources (as `src` wants them), the constants,
/// dst.
struct Compiled {
  kernels::KernelPtr kernel;
  std::vector<TensorSpec> src;
  TensorSpec dst;
  std::vector<Tensor> constants;
  bool joins = false;  ///< dst is nothing but the sources, one after the other in memory
};

/// Immutable once its parameters are set; shared between threads. The last `parameter_inputs()` sources are parameters.
class Operator {
 public:
  virtual ~Operator() = default;

  virtual std::string_view name() const = 0;
  virtual void visit(Fields& /*fields*/) {}
  virtual std::size_t parameter_inputs() const { return 0; }

  /// Shape of the destination. InvalidArgument names the operator and the shapes that do not fit.
  virtual Shape shape(std::span<const Shape> src) const = 0;
  /// Kernel and layouts for inference.
  virtual Compiled compile(std::span<const Operand> operands) const = 0;
  /// Other kernels for the same, from and to what `compile` has, that round differently. Which is fastest depends on
  /// the machine and the shapes: a plan measures it.
  virtual std::vector<Compiled> alternatives(std::span<const Operand> /*operands*/) const { return {}; }
  /// The one of them that is faster on every machine, where there is one: for who does not measure.
  virtual std::optional<Compiled> sure_alternative(std::span<const Operand> /*operands*/) const { return {}; }

  /// Default: what `compile` gives, run once. Operators that behave otherwise in training override it.
  virtual Tensor forward(std::span<const Tensor> src, const Mode& mode, Saved& saved) const;
  /// A gradient for each source; empty where not needed or where there is none (running statistics).
  virtual std::vector<Tensor> backward(const BackwardArguments& arguments) const = 0;
  /// After a training forward: moves running statistics among `src` towards those of the batch in `saved`.
  virtual void update_buffers(std::span<const Tensor> /*src*/, const Saved& /*saved*/) const {}

  /// The formula, literally, in double: what the tests trust. Never fast.
  virtual RefTensor reference(std::span<const RefTensor> src, const Mode& mode) const = 0;

  /// Multiply-adds for one evaluation on sources of these shapes.
  virtual std::int64_t multiply_adds(std::span<const Shape> /*src*/) const { return 0; }

 protected:
  Operator() = default;
  Operator(const Operator&) = default;
  Operator& operator=(const Operator&) = default;

  Tensor run(const Compiled& compiled, std::span<const Tensor> src) const;
  [[noreturn]] void refuse(std::span<const Shape> src, const std::string& why) const;
  void require_one(std::span<const Shape> src) const;
  void require_rank4(std::span<const Shape> src) const;
  /// For backwards that need what only a training forward saves.
  void require_training(const BackwardArguments& arguments) const;
};

/// One that passes put into plans: no file holds it, and it has no backward.
struct InferenceOperator : Operator {
  std::vector<Tensor> backward(const BackwardArguments& arguments) const override;
};

using OperatorPtr = std::shared_ptr<const Operator>;

/// The type in which a layer works: bf16 data stay bf16, everything else becomes f32.
inline DataType working_type(DataType type) { return type == DataType::bf16 ? DataType::bf16 : DataType::f32; }
/// The layout in which four-dimensional data travel: as they come if already fast, else the native blocked one.
Layout travelling_layout(const TensorSpec& spec);
/// What an element-wise operator works in: the data as they come, in their working type. One that makes something else
/// of zeros (`keeps_zeros` false) must not touch padded channels: blocks that have some become plain.
TensorSpec elementwise_spec(const TensorSpec& spec, bool keeps_zeros);

}  // namespace facenet
