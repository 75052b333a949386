// ONNX files put together by hand.
#ifdef FACENET_HAVE_ONNX
#include "onnx_file.hpp"

#include <algorithm>
#include <stdexcept>

namespace facenet::test {
namespace {

onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name,
                                onnx::AttributeProto::AttributeType type) {
  for (auto& each : *node.mutable_attribute()) {
    if (each.name() != name) continue;
    each.Clear();
    each.set_name(name);
    each.set_type(type);
    return each;
  }
  auto& added = *node.add_attribute();
  added.set_name(name);
  added.set_type(type);
  return added;
}

void declare(onnx::ValueInfoProto& value, const std::string& name, const std::vector<std::int64_t>& extents) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const auto extent : extents) type.mutable_shape()->add_dim()->set_dim_value(extent);
}

}  // namespace

OnnxFile::OnnxFile() {
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  graph().set_name("test");
  declare(*graph().add_input(), "data", {3, 8, 8});
  declare(*graph().add_output(), "embedding", {5});
  weights("mean", {}, 127.5F);
  weights("conv.weight", {4, 3, 3, 3});
  weights("conv.bias", {4});
  weights("fc.weight", {5, 4});
  node("Sub", {"data", "mean"}, "centred");
  set(node("Conv", {"centred", "conv.weight", "conv.bias"}, "maps"), "pads", {1, 1, 1, 1});
  node("GlobalAveragePool", {"maps"}, "pooled");
  node("Flatten", {"pooled"}, "vector");
  set(node("Gemm", {"vector", "fc.weight"}, "embedding"), "transB", std::int64_t{1});
}

onnx::NodeProto& OnnxFile::node(const std::string& type, std::vector<std::string> src, const std::string& dst) {
  auto& added = *graph().add_node();
  added.set_op_type(type);
  added.set_name(dst);
  for (const auto& name : src) added.add_input(name);
  added.add_output(dst);
  return added;
}

onnx::NodeProto& OnnxFile::named(const std::string& name) {
  for (auto& each : *graph().mutable_node()) {
    if (each.name() == name) return each;
  }
  throw std::logic_error("no node is called " + name);
}

onnx::TensorProto& OnnxFile::weights(const std::string& name, const std::vector<std::int64_t>& shape, float first) {
  auto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  std::int64_t count = 1;
  for (const auto extent : shape) {
    tensor.add_dims(extent);
    count *= extent;
  }
  for (std::int64_t i = 0; i < count; ++i) tensor.add_float_data(first - static_cast<float>(i % 7) * 0.1F);
  return tensor;
}

onnx::TensorProto& OnnxFile::whole(const std::string& name, const std::vector<std::int64_t>& values) {
  auto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  for (const auto value : values) tensor.add_int64_data(value);
  return tensor;
}

onnx::TensorProto& OnnxFile::initializer(const std::string& name) {
  for (auto& each : *graph().mutable_initializer()) {
    if (each.name() == name) return each;
  }
  throw std::logic_error("no initializer is called " + name);
}

onnx::NodeProto& OnnxFile::between(const std::string& type, std::vector<std::string> more) {
  more.insert(more.begin(), "maps");
  node(type, more, "between");
  move_between(1, "between");
  return named("between");
}

void OnnxFile::move_between(int count, const std::string& last) {
  auto& nodes = *graph().mutable_node();
  std::rotate(nodes.begin() + 2, nodes.end() - count, nodes.end());
  named("pooled").set_input(0, last);
}

std::vector<std::uint8_t> OnnxFile::bytes() const {
  std::vector<std::uint8_t> result(model.ByteSizeLong());
  if (!model.SerializeToArray(result.data(), static_cast<int>(result.size()))) throw std::logic_error("not serialised");
  return result;
}

void set(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}
void set(onnx::NodeProto& node, const std::string& name, float value) {
  attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}
void set(onnx::NodeProto& node, const std::string& name, const std::string& value) {
  attribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}
void set(onnx::NodeProto& node, const std::string& name, std::initializer_list<std::int64_t> values) {
  auto& list = attribute(node, name, onnx::AttributeProto::INTS);
  for (const auto value : values) list.add_ints(value);
}

}  // namespace facenet::test
#endif
