// The tape: forward as applied, backward in reverse.
#include "autograd/tape.hpp"

#include <algorithm>

#include <facenet/error.hpp>

#include "kernels/elementwise.hpp"

namespace facenet {

Variable Tape::add(Slot slot) {
  slots_.push_back(std::move(slot));
  return {static_cast<int>(slots_.size()) - 1};
}

Variable Tape::input(const Tensor& value, bool requires_gradient) {
  return add({value, requires_gradient, {}, {}, {}});
}

Variable Tape::parameter(const ParameterPtr& parameter) {
  const auto [entry, inserted] = parameters_.try_emplace(parameter.get());
  if (inserted) entry->second = add({parameter->value, parameter->trainable && !parameter->buffer, parameter, {}, {}});
  return entry->second;
}

Variable Tape::apply(const std::string& name, const OperatorPtr& op, std::span<const Variable> src) {
  std::vector<Tensor> values;
  std::vector<Shape> shapes;
  bool requires_gradient = false;
  for (const Variable v : src) {
    values.push_back(slot(v).value);
    shapes.push_back(values.back().shape());
    requires_gradient = requires_gradient || slot(v).requires_gradient;
  }
  const Shape dst_shape = checked_shape(name, *op, shapes);
  Saved saved;
  const bool empty = dst_shape.elements() == 0;  // a batch of no images: no kernel has anything to do
  Tensor dst = empty ? Tensor(TensorSpec{dst_shape}) : op->forward(values, options_.mode, saved);
  const bool frozen = std::any_of(src.begin(), src.end(), [&](Variable v) {
    const auto& p = slot(v).parameter;
    return p && p->buffer && !p->trainable;
  });
  if (options_.mode.training && options_.update_buffers && !frozen && !empty) op->update_buffers(values, saved);
  const Variable result = add({std::move(dst), requires_gradient, {}, {}, {}});
  if (options_.record && requires_gradient) {
    records_.push_back({op, {src.begin(), src.end()}, result, std::move(saved)});
  }
  return result;
}

void Tape::keep(Variable variable, const Tensor& gradient) {
  Slot& s = slot(variable);
  if (!s.parameter) {
    s.parts.push_back(gradient);
    return;
  }
  Tensor& sum = s.parameter->gradient;
  const Tensor plain = kernels::to_plain(gradient);  // as the parameter is
  if (!sum) {
    sum = plain;
  } else {
    const Tensor both[] = {sum, plain};
    sum = kernels::sum(both);
  }
}

void Tape::backward(Variable output, const Tensor& diff) {
  if (diff.shape() != shape(output)) {
    throw InvalidArgument("the gradient " + diff.shape().text() + " does not fit the output " + shape(output).text());
  }
  if (slot(output).requires_gradient) keep(output, diff);
  while (!records_.empty()) {
    Record record = std::move(records_.back());
    records_.pop_back();
    backward(record);
  }
  for (auto& s : slots_) {
    if (!s.parts.empty()) s.gradient = kernels::sum(s.parts);
  }
}

void Tape::backward(Record& record) {
  Slot& dst = slot(record.dst);
  if (!dst.parts.empty()) {
    const Tensor diff_dst = kernels::sum(dst.parts);
    dst.parts.clear();
    std::vector<Tensor> values;
    std::vector<bool> needed;
    for (const Variable v : record.src) {
      values.push_back(slot(v).value);
      needed.push_back(slot(v).requires_gradient);
    }
    std::vector<Tensor> gradients;
    if (dst.value.shape().elements() == 0) {
      for (const auto& value : values) gradients.push_back(Tensor::zeros({value.shape()}));
    } else {
      gradients = record.op->backward({values, dst.value, record.saved, diff_dst, needed});
    }
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (needed[i] && gradients[i]) keep(record.src[i], gradients[i]);
    }
  }
  dst.value = Tensor();  // all its consumers are done
}

}  // namespace facenet
