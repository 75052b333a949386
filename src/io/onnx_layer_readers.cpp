// Convolutions, pooling, normalisations of maps and activations, from ONNX.
#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "io/onnx_readers.hpp"
#include "ops/arithmetic.hpp"
#include "ops/batch_norm.hpp"
#include "ops/clip.hpp"
#include "ops/convolution.hpp"
#include "ops/gelu.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/pad.hpp"
#include "ops/padding.hpp"
#include "ops/pool.hpp"
#include "ops/prelu.hpp"
#include "ops/relu.hpp"
#include "ops/sigmoid.hpp"
#include "ops/softmax.hpp"
#include "ops/unary.hpp"

namespace facenet {
namespace {

using Pair = std::array<std::int64_t, 2>;
using Kind = OnnxValue::Kind;

constexpr std::int64_t kLargest = 4096;  // of kernels, strides and paddings

Pair pair(OnnxNode& node, const std::string& attribute, std::int64_t absent) {
  const auto given = node.integers(attribute);
  if (!given) return {absent, absent};
  if (given->size() != 2)
    node.refuse("its attribute '" + attribute + "' must have two numbers: only images can be imported");
  for (const auto value : *given) {
    if (value < 1 || value > kLargest) {
      node.refuse("its attribute '" + attribute + "' has the number " + std::to_string(value) +
                  "; 1 to 4096 are allowed");
    }
  }
  return {(*given)[0], (*given)[1]};
}

// Where a window stands: what convolutions and pooling have in common.
struct Placement {
  Pair stride{1, 1};
  Pair dilation{1, 1};
  Padding pad;
};

Placement placement(OnnxNode& node, const Pair& window, const Shape& src) {
  if (src.rank() != 4) node.refuse("its data have the shape " + src.text() + "; maps [N,C,H,W] are expected");
  Placement result{.stride = pair(node, "strides", 1), .dilation = pair(node, "dilations", 1), .pad = {}};
  const std::string automatic = node.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    result.pad = same_padding({src[2], src[3]}, window, result.stride, result.dilation);
    if (automatic == "SAME_LOWER") std::swap(result.pad.begin, result.pad.end);
  } else if (automatic == "NOTSET") {
    const auto pads = node.integers("pads").value_or(std::vector<std::int64_t>(4, 0));
    if (pads.size() != 4) node.refuse("its attribute 'pads' must have four numbers");
    for (const auto pad : pads) {
      if (pad < 0 || pad > kLargest) {
        node.refuse("its padding of " + std::to_string(pad) + " cannot be imported; 0 to 4096 are allowed");
      }
    }
    result.pad = {{pads[0], pads[1]}, {pads[2], pads[3]}};
  } else if (automatic != "VALID") {
    node.refuse("its attribute 'auto_pad' is none that ONNX knows");
  }
  return result;
}

// Of a constant, as of positions that are encoded: computed now, by the operator itself.
void convolution_of_constant(OnnxNode& node, const Convolution& op) {
  constexpr std::int64_t kMostProducts = std::int64_t{1} << 30;
  std::vector<Shape> shapes;
  std::vector<Tensor> src;
  for (std::size_t i = 0; i < node.sources() && (i < 2 || op.parameters.bias); ++i) {
    src.push_back(node.floats(i).floats);
    shapes.push_back(src.back().shape());
  }
  OnnxConstant result{.shape = op.shape(shapes)};
  if (op.multiply_adds(shapes) > kMostProducts) node.refuse("it computes too much with constants alone");
  node.builder().spend(result.size() * sizeof(float), node.what());
  Saved saved;
  result.floats = kernels::to_plain(op.forward(src, {}, saved));
  node.result(std::move(result));
}

void convolution(OnnxNode& node) {
  const auto& weights = node.floats(1, 4);
  const Pair window{weights.shape[2], weights.shape[3]};
  if (node.has_attribute("kernel_shape") && pair(node, "kernel_shape", 1) != window) {
    node.refuse("its kernel_shape is not that of its weights " + weights.shape.text());
  }
  const bool constant = node.is_constant(0);
  const auto place = placement(node, window, constant ? node.floats(0).shape : node.shape(0));
  Convolution::Parameters p{.stride = place.stride,
                            .dilation = place.dilation,
                            .pad_begin = place.pad.begin,
                            .pad_end = place.pad.end,
                            .groups = node.integer("group", 1),
                            .bias = node.has(2)};
  if (p.groups < 1 || p.groups > 65536) node.refuse("it has " + std::to_string(p.groups) + " groups");
  if (constant) return convolution_of_constant(node, Convolution(p));
  std::vector<int> src{node.data(0), node.parameter(1, weights.shape, false, true)};
  if (p.bias) src.push_back(node.parameter(2, {weights.shape[0]}));
  node.result(node.add(std::make_shared<Convolution>(p), src));
}

// A pool with ceil_mode has a last window that may reach beyond the padding; it starts inside of it.
Pair beyond(const Shape& src, const Pair& window, const Placement& place) {
  Pair more{0, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t extent = src[2 + i] + place.pad.begin[i] + place.pad.end[i];
    if (extent < window[i]) continue;
    std::int64_t windows = (extent - window[i] + place.stride[i] - 1) / place.stride[i] + 1;
    if ((windows - 1) * place.stride[i] >= src[2 + i] + place.pad.begin[i]) --windows;
    more[i] = std::max<std::int64_t>(0, (windows - 1) * place.stride[i] + window[i] - extent);
  }
  return more;
}

void max_pool(OnnxNode& node, const Pool::Parameters& p) {
  node.result(node.add(std::make_shared<Pool>(Pool::Kind::maximum, p), {node.data(0)}));
}

// Squares are averaged as such: a root over them makes the pool an L2 pool.
void average_pool(OnnxNode& node, const Pool::Parameters& p) {
  const auto source = node.value(0);
  const bool whole_windows = p.count_padding || (p.pad_begin == Pair{0, 0} && p.pad_end == Pair{0, 0});
  if (source->kind == Kind::square && whole_windows) {
    return node.result(OnnxValue{.kind = Kind::mean_square, .id = source->id, .window = p});
  }
  node.result(node.add(std::make_shared<Pool>(Pool::Kind::average, p), {node.data(0)}));
}

void pool(OnnxNode& node) {
  const std::string& type = node.type();
  if (!node.has_attribute("kernel_shape")) node.refuse("it has no kernel_shape");
  const Pair window = pair(node, "kernel_shape", 1);
  const auto source = node.value(0);
  const Shape src = source->kind == Kind::square ? node.builder().shape(source->id) : node.shape(0);
  Placement place = placement(node, window, src);
  if (place.dilation != Pair{1, 1}) node.refuse("dilated pooling cannot be imported");
  const bool count = type == "AveragePool" && node.integer("count_include_pad", 0) != 0;
  const Pair more = node.integer("ceil_mode", 0) != 0 ? beyond(src, window, place) : Pair{0, 0};
  Pool::Parameters p{.window = window,
                     .stride = place.stride,
                     .pad_begin = place.pad.begin,
                     .pad_end = {place.pad.end[0] + more[0], place.pad.end[1] + more[1]},
                     .count_padding = count};
  if (type == "MaxPool") return max_pool(node, p);
  if (type == "LpPool") {
    if (node.integer("p", 2) != 2) node.refuse("only p = 2 can be imported");
    return node.result(node.add(std::make_shared<Pool>(Pool::Kind::l2, p), {node.data(0)}));
  }
  if (!count || more == Pair{0, 0}) return average_pool(node, p);
  // The padding counts, and what lies beyond it does not: the padding becomes data.
  const int padded =
      node.add(std::make_shared<Pad>(Pad::Parameters{place.pad.begin, place.pad.end, 0}), {node.data(0)}, "pad");
  p.pad_begin = {0, 0};
  p.pad_end = more;
  p.count_padding = false;
  node.result(node.add(std::make_shared<Pool>(Pool::Kind::average, p), {padded}));
}

void global_pool(OnnxNode& node) {
  const Pool::Parameters whole{.window = {0, 0}};
  if (node.type() == "GlobalMaxPool") return max_pool(node, whole);
  if (node.type() == "GlobalAveragePool") return average_pool(node, whole);
  if (node.integer("p", 2) != 2) node.refuse("only p = 2 can be imported");
  node.result(node.add(std::make_shared<Pool>(Pool::Kind::l2, whole), {node.data(0)}));
}

// Normalises maps; vectors are maps of one pixel.
void batch_norm(OnnxNode& node) {
  if (node.integer("training_mode", 0) != 0) {
    node.refuse("it is in training mode: export the network for inference (in PyTorch, after model.eval())");
  }
  if (node.integer("spatial", 1) != 1) node.refuse("statistics for each pixel cannot be imported");
  const Shape data = node.shape(0);
  if (data.rank() != 2 && data.rank() != 4) node.refuse("its data have the shape " + data.text());
  const BatchNorm::Parameters p{.epsilon = node.number("epsilon", 1e-5F),
                                .momentum = 1 - node.number("momentum", 0.9F)};
  if (!(p.epsilon >= 0) || !(p.momentum >= 0 && p.momentum <= 1)) node.refuse("its epsilon or momentum is no such");
  int src = node.data(0);
  if (data.rank() == 2) src = add_onnx_reshape(node, src, std::array<std::int64_t, 3>{data[1], 1, 1}, "maps");
  std::vector<int> sources{src};
  for (std::size_t i = 1; i <= 4; ++i) sources.push_back(node.parameter(i, {data[1]}, i > 2));
  const int normalised = node.add(std::make_shared<BatchNorm>(p), sources);
  node.result(data.rank() == 4 ? normalised
                               : add_onnx_reshape(node, normalised, std::array<std::int64_t, 1>{data[1]}, "vectors"));
}

void local_response_norm(OnnxNode& node) {
  const LocalResponseNorm::Parameters p{.size = node.integer("size", 0),
                                        .alpha = node.number("alpha", 1e-4F),
                                        .beta = node.number("beta", 0.75F),
                                        .k = node.number("bias", 1)};
  if (p.size < 1 || p.size > kLargest) node.refuse("its size is " + std::to_string(p.size));
  node.result(node.add(std::make_shared<LocalResponseNorm>(p), {node.data(0)}));
}

void relu(OnnxNode& node) { node.result(node.add(std::make_shared<Relu>(), {node.data(0)})); }
void sigmoid(OnnxNode& node) { node.result(node.add(std::make_shared<Sigmoid>(), {node.data(0)})); }

void gelu(OnnxNode& node) {
  const std::string form = node.text("approximate", "none");
  if (form != "none" && form != "tanh") node.refuse("its attribute 'approximate' is none that ONNX knows");
  node.result(node.add(std::make_shared<Gelu>(Gelu::Parameters{form == "tanh"}), {node.data(0)}));
}

void function(OnnxNode& node) {
  const auto kind = node.type() == "Erf" ? Unary::Kind::erf : Unary::Kind::tanh;
  node.result(node.add(std::make_shared<Unary>(kind), {node.data(0)}));
}

void leaky_relu(OnnxNode& node) {
  const int slope = node.fixed("slope", node.number("alpha", 0.01F));
  node.result(node.add(std::make_shared<Prelu>(), {node.data(0), slope}));
}

// Slopes line up with the data's last axes, so that [C,1,1] is one for each channel of maps, and [1,C] of vectors.
// Files of old exporters say [C] for the same, which is one for each column where there are as many.
void prelu(OnnxNode& node) {
  const Shape data = node.shape(0);
  const auto& slope = node.floats(1);
  const std::int64_t channels = data.rank() < 2 ? 0 : data[1];
  const bool maps = data.rank() == 4;
  const bool by_channel =
      maps ? slope.shape == Shape{channels, 1, 1} || slope.shape == Shape{1, channels, 1, 1} ||
                 (slope.shape == Shape{channels} && data[3] != channels)
           : data.rank() == 2 && (slope.shape == Shape{channels} || slope.shape == Shape{1, channels});
  if (slope.size() != 1 && !by_channel) {
    node.refuse("its slopes have the shape " + slope.shape.text() +
                ": one for all or one for each channel can be imported");
  }
  const int parameter = node.parameter(1, {slope.shape.elements()});
  node.result(node.add(std::make_shared<Prelu>(), {node.data(0), parameter}));
}

void clip(OnnxNode& node) {
  Clip::Parameters p;
  const auto limit = [&](const char* attribute, std::size_t source, float absent) {
    if (!node.has(source)) return node.number(attribute, absent);
    const auto given = node.scalar(source);
    if (!given || std::isnan(*given)) node.refuse("its limits must be constant numbers");
    return std::clamp(*given, std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max());
  };
  p.min = limit("min", 1, p.min);
  p.max = limit("max", 2, p.max);
  if (keeps_norm_from_zero(*node.value(0), p.min) && p.max > 1e18F) return node.pass_on(0);
  node.result(node.add(std::make_shared<Clip>(p), {node.data(0)}));
}

// min(max(alpha * x + beta, 0), 1), and for HardSwish x times that.
void hard_sigmoid(OnnxNode& node) {
  const bool swish = node.type() == "HardSwish";
  const float alpha = swish ? 1.0F / 6 : node.number("alpha", 0.2F);
  const float beta = node.number("beta", 0.5F);
  const Arithmetic::Parameters constant{.constant = true};
  const int src = node.data(0);
  int gate = node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::multiply, constant),
                      {src, node.fixed("alpha", alpha)}, "multiply");
  gate =
      node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::add, constant), {gate, node.fixed("beta", beta)}, "add");
  const auto clip = std::make_shared<Clip>(Clip::Parameters{0, 1});
  if (!swish) return node.result(node.add(clip, {gate}));
  gate = node.add(clip, {gate}, "clip");
  node.result(node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::multiply), {src, gate}));
}

// Before operator set 13, softmax was over all axes from the given one on.
void softmax(OnnxNode& node) {
  const Shape& data = node.shape(0);
  const bool newer = node.builder().operator_set() >= 13;
  const std::size_t axis = node.axis(node.integer("axis", newer ? -1 : 1), data.rank());
  for (std::size_t i = axis + 1; !newer && i < data.rank(); ++i) {
    if (data[i] != 1) node.refuse("a softmax over several axes cannot be imported");
  }
  node.result(
      node.add(std::make_shared<Softmax>(Softmax::Parameters{static_cast<std::int64_t>(axis)}), {node.data(0)}));
}

constexpr OnnxReader kReaders[] = {
    {"Conv", convolution},
    {"MaxPool", pool},
    {"AveragePool", pool},
    {"LpPool", pool},
    {"GlobalMaxPool", global_pool},
    {"GlobalAveragePool", global_pool},
    {"GlobalLpPool", global_pool},
    {"BatchNormalization", batch_norm},
    {"LRN", local_response_norm},
    {"Relu", relu},
    {"LeakyRelu", leaky_relu},
    {"PRelu", prelu},
    {"Clip", clip},
    {"Sigmoid", sigmoid},
    {"Gelu", gelu},
    {"Erf", function},
    {"Tanh", function},
    {"HardSigmoid", hard_sigmoid},
    {"HardSwish", hard_sigmoid},
    {"Softmax", softmax},
};

}  // namespace

std::span<const OnnxReader> onnx_layer_readers() { return kReaders; }

}  // namespace facenet
