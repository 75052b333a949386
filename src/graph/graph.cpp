// Graph and tracer.
#include "graph/graph.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include <facenet/error.hpp>

namespace facenet {

Graph::Graph(const Shape& input) { values_.push_back({input.with_batch(1), nullptr}); }

int Graph::add_parameter(const ParameterPtr& parameter) {
  values_.push_back({parameter->value.shape(), parameter});
  return static_cast<int>(values_.size()) - 1;
}

int Graph::add_node(const std::string& name, const OperatorPtr& op, std::span<const int> src) {
  std::vector<Shape> shapes;
  for (const int id : src) {
    if (id < 0 || static_cast<std::size_t>(id) >= values_.size()) {
      throw InvalidArgument("layer '" + name + "' refers to value " + std::to_string(id) + ", which does not exist");
    }
    shapes.push_back(value(id).shape);
  }
  if (src.size() < op->parameter_inputs() + 1) {
    throw InvalidArgument("layer '" + name + "' (" + std::string(op->name()) + ") has too few sources");
  }
  values_.push_back({checked_shape(name, *op, shapes), nullptr});
  nodes_.push_back({name, op, {src.begin(), src.end()}, static_cast<int>(values_.size()) - 1});
  output_ = nodes_.back().dst;
  return output_;
}

void Graph::set_output(int value) {
  if (value < 0 || static_cast<std::size_t>(value) >= values_.size() || this->value(value).parameter) {
    throw InvalidArgument("value " + std::to_string(value) + " cannot be the output of a graph");
  }
  output_ = value;
}

std::vector<ParameterPtr> Graph::parameters() const {
  std::vector<ParameterPtr> list;
  for (const auto& v : values_) {
    if (v.parameter) list.push_back(v.parameter);
  }
  return list;
}

std::int64_t Graph::parameter_count() const {
  std::int64_t count = 0;
  for (const auto& parameter : parameters()) count += parameter->buffer ? 0 : parameter->value.shape().elements();
  return count;
}

std::int64_t Graph::multiply_adds() const {
  std::int64_t sum = 0;
  for (const auto& node : nodes_) {
    std::vector<Shape> shapes;
    for (const int id : node.src) shapes.push_back(value(id).shape);
    // A file may ask for more than a number holds.
    if (__builtin_add_overflow(sum, node.op->multiply_adds(shapes), &sum))
      return std::numeric_limits<std::int64_t>::max();
  }
  return sum;
}

Variable Graph::forward(Recorder& recorder, Variable input) const {
  std::vector<Variable> variables(values_.size());
  variables[0] = input;
  for (std::size_t i = 1; i < values_.size(); ++i) {
    if (values_[i].parameter) variables[i] = recorder.parameter(values_[i].parameter);
  }
  std::vector<Variable> src;
  for (const auto& node : nodes_) {
    src.clear();
    for (const int id : node.src) src.push_back(variables[static_cast<std::size_t>(id)]);
    variables[static_cast<std::size_t>(node.dst)] = recorder.apply(node.name, node.op, src);
  }
  return variables[static_cast<std::size_t>(output_)];
}

Graph Graph::clone() const {
  Graph copy = *this;
  for (auto& v : copy.values_) {
    if (!v.parameter) continue;
    auto parameter = std::make_shared<Parameter>(*v.parameter);
    parameter->value = v.parameter->value.clone();
    parameter->gradient = Tensor();
    v.parameter = std::move(parameter);
  }
  return copy;
}

namespace {

class Tracer final : public Recorder {
 public:
  explicit Tracer(const Shape& input) : graph(input) {}

  Variable apply(const std::string& name, const OperatorPtr& op, std::span<const Variable> src) override {
    std::vector<int> ids;
    for (const Variable v : src) ids.push_back(v.id);
    return {graph.add_node(name, op, ids)};
  }
  Variable parameter(const ParameterPtr& parameter) override {
    const auto [entry, inserted] = parameters_.try_emplace(parameter.get(), -1);
    if (inserted) entry->second = graph.add_parameter(parameter);
    return {entry->second};
  }
  Shape shape(Variable variable) const override { return graph.value(variable.id).shape; }

  Graph graph;

 private:
  std::unordered_map<const Parameter*, int> parameters_;
};

}  // namespace

Graph trace(const Module& module, const Shape& input) {
  Tracer tracer(input);
  const Variable output = module.forward(tracer, {0});
  tracer.graph.set_output(output.id);
  return std::move(tracer.graph);
}

}  // namespace facenet
