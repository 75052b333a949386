// How our operators are written in ONNX, each beside the formula it must agree with (src/ops).
#include "io/onnx_writers.hpp"

#include <facenet/error.hpp>

#include "io/model_file.hpp"
#include "io/onnx_layer.hpp"
#include "ops/arithmetic.hpp"
#include "ops/batch_norm.hpp"
#include "ops/clip.hpp"
#include "ops/concat.hpp"
#include "ops/convolution.hpp"
#include "ops/gelu.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/layer_norm.hpp"
#include "ops/linear.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/maxout.hpp"
#include "ops/pad.hpp"
#include "ops/pool.hpp"
#include "ops/reduce.hpp"
#include "ops/slice.hpp"
#include "ops/softmax.hpp"
#include "ops/transpose.hpp"

namespace facenet {
namespace {

using Integers = std::vector<std::int64_t>;

[[noreturn]] void refuse(const OnnxLayer& layer, const std::string& why) {
  throw InvalidArgument("layer '" + layer.name() + "' (" + std::string(layer.op().name()) +
                        ") cannot be written as ONNX: " + why);
}

Integers list(const std::array<std::int64_t, 2>& pair) { return {pair[0], pair[1]}; }

template <typename Parameters>
onnx::AttributeProto pads(const Parameters& p) {
  return onnx_attribute("pads", Integers{p.pad_begin[0], p.pad_begin[1], p.pad_end[0], p.pad_end[1]});
}

// An operator of ONNX that does the same with the same sources, and has nothing to be told.
template <const char* type>
void write_alike(OnnxLayer& layer) {
  layer.add(type, layer.sources());
}

void write_relu_of(OnnxLayer& layer, const std::string& value) { layer.add("Relu", {value}, {}, "relu"); }

// ONNX lines shapes up at their ends: a slope for each channel stands before the map's extents.
void write_prelu(OnnxLayer& layer) {
  auto src = layer.sources();
  if (layer.shape(0).rank() == 4 && layer.shape(1)[0] > 1) {
    const Integers shape{layer.shape(1)[0], 1, 1};
    src[1] = layer.add("Reshape", {src[1], layer.constant("shape", shape)}, {}, "slope");
  }
  layer.add("PRelu", src);
}

void write_clip(OnnxLayer& layer, const Clip& op) {
  const auto min = layer.constant("min", op.parameters.min);
  const auto max = layer.constant("max", op.parameters.max);
  layer.add("Clip", {layer.source(0), min, max});
}

// ONNX has an operator of its own since operator set 20 only.
void write_gelu(OnnxLayer& layer, const Gelu& op) {
  const std::string src = layer.source(0);
  std::string bent;
  if (op.parameters.tanh) {
    const auto cube = layer.add("Pow", {src, layer.constant("three", 3.0F)}, {}, "cube");
    const auto part = layer.add("Mul", {cube, layer.constant("share", 0.044715F)}, {}, "part");
    const auto sum = layer.add("Add", {src, part}, {}, "sum");
    const auto scaled = layer.add("Mul", {sum, layer.constant("scale", 0.7978845608F)}, {}, "scaled");  // sqrt(2/pi)
    bent = layer.add("Tanh", {scaled}, {}, "tanh");
  } else {
    const auto scaled = layer.add("Div", {src, layer.constant("scale", 1.4142135624F)}, {}, "scaled");
    bent = layer.add("Erf", {scaled}, {}, "erf");
  }
  const auto raised = layer.add("Add", {bent, layer.constant("one", 1.0F)}, {}, "raised");
  const auto twice = layer.add("Mul", {src, raised}, {}, "twice");
  layer.add("Mul", {twice, layer.constant("half", 0.5F)});
}

void write_softmax(OnnxLayer& layer, const Softmax& op) {
  layer.add("Softmax", layer.sources(), {onnx_attribute("axis", op.parameters.axis)});
}

// The input is [N,3,H,W] already, in the network's order of channels.
void write_image_to_tensor(OnnxLayer& layer, const ImageToTensor& op) {
  if (layer.src()[0] != 0) refuse(layer, "it reads another layer's result, not the images");
  const auto& p = op.parameters;
  const auto mean = layer.constant("mean", p.mean, {1, 3, 1, 1});
  const auto scale = layer.constant("scale", p.scale, {1, 3, 1, 1});
  const auto centred = layer.add("Sub", {layer.source(0), mean}, {}, "subtract");
  layer.add("Mul", {centred, scale}, {}, "multiply");
}

void write_convolution(OnnxLayer& layer, const Convolution& op) {
  const auto& p = op.parameters;
  const Shape& weights = layer.shape(1);
  const auto result = layer.add(
      "Conv", layer.sources(),
      {onnx_attribute("kernel_shape", Integers{weights[2], weights[3]}), onnx_attribute("strides", list(p.stride)),
       onnx_attribute("dilations", list(p.dilation)), pads(p), onnx_attribute("group", p.groups)});
  if (p.relu) write_relu_of(layer, result);
}

void write_batch_norm(OnnxLayer& layer, const BatchNorm& op) {
  const auto result =
      layer.add("BatchNormalization", layer.sources(), {onnx_attribute("epsilon", op.parameters.epsilon)});
  if (op.parameters.relu) write_relu_of(layer, result);
}

void write_local_response_norm(OnnxLayer& layer, const LocalResponseNorm& op) {
  const auto& p = op.parameters;  // ONNX divides alpha by size too
  layer.add("LRN", layer.sources(),
            {onnx_attribute("size", p.size), onnx_attribute("alpha", p.alpha), onnx_attribute("beta", p.beta),
             onnx_attribute("bias", p.k)});
}

// Of rows: the weights turned round, the product, and the bias.
void write_rows(OnnxLayer& layer, bool bias) {
  const auto turned = layer.add("Transpose", {layer.source(1)}, {onnx_attribute("perm", Integers{1, 0})}, "weights");
  if (!bias) {
    layer.add("MatMul", {layer.source(0), turned});
  } else {
    layer.add("Add", {layer.add("MatMul", {layer.source(0), turned}, {}, "product"), layer.source(2)});
  }
}

void write_linear(OnnxLayer& layer, const Linear& op) {
  if (op.parameters.rows) return write_rows(layer, op.parameters.bias);
  auto src = layer.sources();
  if (layer.shape(0).rank() != 2)
    src[0] = layer.add("Flatten", {src[0]}, {onnx_attribute("axis", std::int64_t{1})}, "flatten");
  layer.add("Gemm", src, {onnx_attribute("transB", std::int64_t{1})});
}

// The batch, whatever it is, and an image's extents as they come out.
Integers batch_and(std::span<const std::int64_t> extents) {
  Integers shape{0};
  shape.insert(shape.end(), extents.begin(), extents.end());
  return shape;
}

// [N,pieces*O,...] is [N,pieces,O,...] in memory.
void write_maxout(OnnxLayer& layer, const Maxout& op) {
  auto shape = batch_and(layer.result_shape().dims().subspan(1));
  shape.insert(shape.begin() + 1, op.parameters.pieces);
  const auto pieces = layer.add("Reshape", {layer.source(0), layer.constant("shape", shape)}, {}, "pieces");
  layer.add("ReduceMax", {pieces}, {onnx_attribute("axes", Integers{1}), onnx_attribute("keepdims", std::int64_t{0})});
}

// L2: the root of the sum of squares, as area * mean. ONNX has LpPool, but few programs know it, and ONNX Runtime's
// raises to a power where a product would do: 50 times as slow.
void write_pool(OnnxLayer& layer, const Pool& op) {
  const auto& p = op.parameters;
  const bool whole = p.window[0] == 0 && p.window[1] == 0;
  const bool maximum = op.kind == Pool::Kind::maximum;
  const bool l2 = op.kind == Pool::Kind::l2;
  auto src = layer.source(0);
  if (l2) src = layer.add("Mul", {src, src}, {}, "square");
  if (whole) {
    layer.add(maximum ? "GlobalMaxPool" : "GlobalAveragePool", {src});
  } else {
    const auto window = onnx_attribute("kernel_shape", list(p.window));
    const auto stride = onnx_attribute("strides", list(p.stride));
    if (maximum) {
      layer.add("MaxPool", {src}, {window, stride, pads(p)});
    } else {
      const auto count = onnx_attribute("count_include_pad", std::int64_t{l2 || p.count_padding});
      layer.add("AveragePool", {src}, {window, stride, pads(p), count});
    }
  }
  if (!l2) return;
  const auto mean = layer.result();
  const auto area = whole ? layer.shape(0)[2] * layer.shape(0)[3] : p.window[0] * p.window[1];
  const auto sum = layer.add("Mul", {mean, layer.constant("area", static_cast<float>(area))}, {}, "sum");
  layer.add("Sqrt", {sum}, {}, "root");
}

void write_concat(OnnxLayer& layer, const Concat& op) {
  layer.add("Concat", layer.sources(), {onnx_attribute("axis", op.parameters.axis)});
}

void write_slice(OnnxLayer& layer, const Slice& op) {
  const auto& p = op.parameters;
  const auto number = [&](const char* part, std::int64_t value) { return layer.constant(part, Integers{value}); };
  const std::int64_t end = p.begin + (p.count - 1) * p.step + 1;
  layer.add("Slice", {layer.source(0), number("begin", p.begin), number("end", end), number("axis", p.axis),
                      number("step", p.step)});
}

void write_layer_norm(OnnxLayer& layer, const LayerNorm& op) {
  layer.add("LayerNormalization", layer.sources(),
            {onnx_attribute("axis", op.parameters.axis), onnx_attribute("epsilon", op.parameters.epsilon)});
}

// ONNX broadcasts by the same rule. Add may have any number of sources of one shape.
void write_arithmetic(OnnxLayer& layer, const Arithmetic& op) {
  static constexpr const char* kTypes[] = {"Add", "Sub", "Mul", "Div"};
  auto src = layer.sources();
  if (op.parameters.constant && op.parameters.reversed) std::swap(src[0], src[1]);
  layer.add(src.size() > 2 ? "Sum" : kTypes[static_cast<std::size_t>(op.kind)], src);
}

// In this operator set a sum has its axes as a source, the others as an attribute.
void write_reduce(OnnxLayer& layer, const Reduce& op) {
  const auto& axes = op.parameters.axes;
  const auto keep = onnx_attribute("keepdims", std::int64_t{op.parameters.keep});
  if (op.kind == Reduce::Kind::sum) {
    layer.add("ReduceSum", {layer.source(0), layer.constant("axes", axes)}, {keep});
  } else {
    layer.add(op.kind == Reduce::Kind::mean ? "ReduceMean" : "ReduceMax", layer.sources(),
              {onnx_attribute("axes", axes), keep});
  }
}

void write_reshape(OnnxLayer& layer) {
  const auto shape = layer.constant("shape", batch_and(layer.result_shape().dims().subspan(1)));
  layer.add("Reshape", {layer.source(0), shape});
}

void write_transpose(OnnxLayer& layer, const Transpose& op) {
  layer.add("Transpose", layer.sources(), {onnx_attribute("perm", op.parameters.permutation)});
}

void write_pad(OnnxLayer& layer, const Pad& op) {
  const auto& p = op.parameters;
  const Integers border{0, p.channels[0], p.pad_begin[0], p.pad_begin[1], 0, p.channels[1], p.pad_end[0], p.pad_end[1]};
  layer.add("Pad", {layer.source(0), layer.constant("pads", border), layer.constant("value", p.value)});
}

void write_dropout(OnnxLayer& layer) { layer.pass_on(layer.source(0)); }

// A row of zeros stays zero in ONNX as well.
void write_l2_normalize(OnnxLayer& layer, const L2Normalize& op) {
  layer.add("LpNormalization", layer.sources(),
            {onnx_attribute("axis", op.parameters.axis), onnx_attribute("p", std::int64_t{2})});
}

template <typename Op, void (*write)(OnnxLayer&, const Op&)>
void of(OnnxLayer& layer) {
  write(layer, static_cast<const Op&>(layer.op()));
}

constexpr char kRelu[] = "Relu";
constexpr char kSigmoid[] = "Sigmoid";
constexpr char kErf[] = "Erf";
constexpr char kTanh[] = "Tanh";
constexpr char kSqrt[] = "Sqrt";
constexpr char kMatmul[] = "MatMul";

struct Writer {
  std::string_view op;
  void (*write)(OnnxLayer& layer);
};

constexpr Writer kWriters[] = {
    {"image_to_tensor", of<ImageToTensor, write_image_to_tensor>},
    {"convolution", of<Convolution, write_convolution>},
    {"batch_norm", of<BatchNorm, write_batch_norm>},
    {"max_pool", of<Pool, write_pool>},
    {"average_pool", of<Pool, write_pool>},
    {"l2_pool", of<Pool, write_pool>},
    {"relu", write_alike<kRelu>},
    {"prelu", write_prelu},
    {"sigmoid", write_alike<kSigmoid>},
    {"gelu", of<Gelu, write_gelu>},
    {"erf", write_alike<kErf>},
    {"tanh", write_alike<kTanh>},
    {"square_root", write_alike<kSqrt>},
    {"softmax", of<Softmax, write_softmax>},
    {"clip", of<Clip, write_clip>},
    {"local_response_norm", of<LocalResponseNorm, write_local_response_norm>},
    {"layer_norm", of<LayerNorm, write_layer_norm>},
    {"linear", of<Linear, write_linear>},
    {"maxout", of<Maxout, write_maxout>},
    {"matmul", write_alike<kMatmul>},
    {"concat", of<Concat, write_concat>},
    {"slice", of<Slice, write_slice>},
    {"add", of<Arithmetic, write_arithmetic>},
    {"subtract", of<Arithmetic, write_arithmetic>},
    {"multiply", of<Arithmetic, write_arithmetic>},
    {"divide", of<Arithmetic, write_arithmetic>},
    {"reduce_sum", of<Reduce, write_reduce>},
    {"reduce_mean", of<Reduce, write_reduce>},
    {"reduce_max", of<Reduce, write_reduce>},
    {"reshape", write_reshape},
    {"transpose", of<Transpose, write_transpose>},
    {"pad", of<Pad, write_pad>},
    {"dropout", write_dropout},
    {"l2_normalize", of<L2Normalize, write_l2_normalize>},
};

const Writer* writer_of(std::string_view name) {
  for (const auto& writer : kWriters) {
    if (writer.op == name) return &writer;
  }
  return nullptr;
}

// Any batch, then the shape's other extents.
void describe(onnx::ValueInfoProto& value, const std::string& name, std::span<const std::int64_t> extents) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  auto& shape = *type.mutable_shape();
  shape.add_dim()->set_dim_param("N");
  for (const auto extent : extents) shape.add_dim()->set_dim_value(extent);
}

}  // namespace

bool has_onnx_writer(std::string_view operator_name) { return writer_of(operator_name) != nullptr; }

void write_onnx_graph(const Graph& graph, onnx::GraphProto& file) {
  const ImageInput input = image_input_of(graph);
  OnnxNames names;
  std::vector<std::string> values(graph.values().size());
  values[0] = names.claim("input");
  const std::string output = names.claim("embedding");
  describe(*file.add_input(), values[0], Integers{3, input.height, input.width});
  describe(*file.add_output(), output, graph.output_shape().dims().subspan(1));

  std::vector<bool> used(values.size());
  for (const auto& node : graph.nodes()) {
    for (const int id : node.src) used[static_cast<std::size_t>(id)] = true;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& parameter = graph.values()[i].parameter;
    if (!parameter || !used[i]) continue;
    auto& tensor = *file.add_initializer();
    values[i] = names.claim(parameter->name);
    tensor.set_name(values[i]);
    set_onnx_values(tensor, parameter->value.floats(), parameter->value.shape().dims());
  }

  for (const auto& node : graph.nodes()) {
    OnnxLayer layer(graph, node, values, names, file);
    const Writer* writer = writer_of(node.op->name());
    if (writer == nullptr) refuse(layer, "nobody has said how");
    const int before = file.node_size();
    writer->write(layer);
    auto& value = values[static_cast<std::size_t>(node.dst)];
    value = layer.result();
    if (node.dst != graph.output()) continue;
    if (file.node_size() == before) layer.add("Identity", {value});
    value = output;
    file.mutable_node(file.node_size() - 1)->set_output(0, output);
  }
}

}  // namespace facenet
