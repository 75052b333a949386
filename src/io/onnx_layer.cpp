// A layer of a graph being written as ONNX nodes.
#include "io/onnx_layer.hpp"

#include <bit>

namespace facenet {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored as they lie in memory");

template <typename T>
void set_values(onnx::TensorProto& tensor, onnx::TensorProto::DataType type, std::span<const T> values,
                std::span<const std::int64_t> shape) {
  tensor.set_data_type(type);
  for (const auto extent : shape) tensor.add_dims(extent);
  tensor.set_raw_data(values.data(), values.size_bytes());
}

onnx::AttributeProto named(const std::string& name, onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto attribute;
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

onnx::AttributeProto onnx_attribute(const std::string& name, std::int64_t value) {
  auto attribute = named(name, onnx::AttributeProto::INT);
  attribute.set_i(value);
  return attribute;
}

onnx::AttributeProto onnx_attribute(const std::string& name, float value) {
  auto attribute = named(name, onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
  return attribute;
}

onnx::AttributeProto onnx_attribute(const std::string& name, const std::vector<std::int64_t>& values) {
  auto attribute = named(name, onnx::AttributeProto::INTS);
  for (const auto value : values) attribute.add_ints(value);
  return attribute;
}

std::vector<std::string> OnnxLayer::sources() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < node_.src.size(); ++i) names.push_back(source(i));
  return names;
}

std::string OnnxLayer::add(const std::string& type, const std::vector<std::string>& src,
                           std::initializer_list<onnx::AttributeProto> attributes, const std::string& part) {
  auto& node = *file_.add_node();
  node.set_op_type(type);
  node.set_name(part_name(part));
  for (const auto& name : src) node.add_input(name);
  for (const auto& attribute : attributes) *node.add_attribute() = attribute;
  result_ = names_.claim(node.name());
  node.add_output(result_);
  return result_;
}

std::string OnnxLayer::constant(const std::string& part, std::span<const float> values,
                                const std::vector<std::int64_t>& shape) {
  auto& tensor = *file_.add_initializer();
  tensor.set_name(names_.claim(part_name(part)));
  set_onnx_values(tensor, values, shape);
  return tensor.name();
}

std::string OnnxLayer::constant(const std::string& part, std::span<const std::int64_t> values) {
  auto& tensor = *file_.add_initializer();
  tensor.set_name(names_.claim(part_name(part)));
  const std::array<std::int64_t, 1> shape{static_cast<std::int64_t>(values.size())};
  set_values<std::int64_t>(tensor, onnx::TensorProto::INT64, values, shape);
  return tensor.name();
}

void set_onnx_values(onnx::TensorProto& tensor, std::span<const float> values, std::span<const std::int64_t> shape) {
  set_values<float>(tensor, onnx::TensorProto::FLOAT, values, shape);
}

}  // namespace facenet
