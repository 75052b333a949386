// Graph: operators plus named parameters. What a model file stores, what a plan is compiled from, and, applied to a
// tape, what is trained.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autograd/recorder.hpp"

namespace facenet {

/// A list of nodes in an order in which they can run. Values are numbered: first the input (0), then parameters and
/// results as they are added. Shapes are those of a batch of one; every operator treats images one by one, so any batch
/// runs. Copying shares the parameters; `clone` copies them too.
class Graph {
 public:
  struct Node {
    std::string name;  ///< of the layer, unique
    OperatorPtr op;
    std::vector<int> src;
    int dst = -1;
  };
  struct Value {
    Shape shape;             ///< with batch 1
    ParameterPtr parameter;  ///< null for data
  };

  /// `input`: shape of the input with batch 1, e.g. [1,96,96,3].
  explicit Graph(const Shape& input);

  int add_parameter(const ParameterPtr& parameter);
  /// Appends a node and gives its result. InvalidArgument names the layer when shapes do not fit, or when a source is
  /// not a value that exists.
  int add_node(const std::string& name, const OperatorPtr& op, std::span<const int> src);
  void set_output(int value);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Value>& values() const { return values_; }
  const Value& value(int id) const { return values_[static_cast<std::size_t>(id)]; }
  int output() const { return output_; }
  const Shape& input_shape() const { return values_[0].shape; }
  const Shape& output_shape() const { return value(output_).shape; }

  /// All parameters and buffers in the order they were added: the one list for counting, saving and optimising.
  std::vector<ParameterPtr> parameters() const;
  /// Numbers in trainable tensors and buffers: weights, biases, scales, shifts (running statistics not counted).
  std::int64_t parameter_count() const;
  /// Multiply-adds for one image.
  std::int64_t multiply_adds() const;

  /// Applies the nodes to `input` on a recorder; a graph is a module.
  Variable forward(Recorder& recorder, Variable input) const;

  Graph clone() const;

 private:
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  int output_ = 0;
};

/// A module is applied to a recorder; what it owns are Parameters.
class Module {
 public:
  virtual ~Module() = default;
  virtual Variable forward(Recorder& recorder, Variable input) const = 0;
};

/// Writes down what `module` does to an input of this shape (batch 1).
Graph trace(const Module& module, const Shape& input);

}  // namespace facenet
