// Sums, products, norms and reductions, from ONNX.
#include <algorithm>
#include <cmath>

#include "io/onnx_readers.hpp"
#include "ops/arithmetic.hpp"
#include "ops/clip.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/linear.hpp"
#include "ops/reduce.hpp"
#include "ops/unary.hpp"

namespace facenet {
namespace {

using Kind = OnnxValue::Kind;

Arithmetic::Kind kind_of(const std::string& type) {
  if (type == "Sub") return Arithmetic::Kind::subtract;
  if (type == "Mul") return Arithmetic::Kind::multiply;
  return type == "Div" ? Arithmetic::Kind::divide : Arithmetic::Kind::add;
}

// The constant's number for each channel of the images; nothing when it is of another shape.
std::optional<std::array<double, 3>> by_channel(const OnnxConstant& constant, bool channels_last) {
  if (constant.whole) return std::nullopt;
  std::array<double, 3> values{};
  const auto floats = constant.floats.floats();
  const Shape& shape = constant.shape;
  const bool three = channels_last ? shape == Shape{3} || shape == Shape{1, 1, 3} || shape == Shape{1, 1, 1, 3}
                                   : shape == Shape{3, 1, 1} || shape == Shape{1, 3, 1, 1};
  if (!three && constant.size() != 1) return std::nullopt;
  for (std::size_t c = 0; c < 3; ++c) values[c] = static_cast<double>(floats[three ? c : 0]);
  return values;
}

// What is subtracted from the pixels and multiplied with them at the network's beginning belongs to the model's
// contract. False when it is none of that kind.
bool fold_into_images(OnnxNode& node, std::size_t data) {
  const auto source = node.value(data);
  if (source->kind != Kind::images || !node.alone(data) || !node.is_constant(1 - data)) return false;
  const auto values = by_channel(node.constant(1 - data), source->channels_last);
  const std::string& type = node.type();
  if (!values || (data == 1 && (type == "Sub" || type == "Div"))) return false;
  OnnxValue result = *source;
  for (std::size_t c = 0; c < 3; ++c) {
    const double value = (*values)[c];
    if (type == "Add") result.mean[c] -= value / result.scale[c];
    if (type == "Sub") result.mean[c] += value / result.scale[c];
    if (type == "Mul") result.scale[c] *= value;
    if (type == "Div") result.scale[c] /= value;
    if (!std::isfinite(result.mean[c]) || !std::isfinite(result.scale[c]) || result.scale[c] == 0) return false;
  }
  node.builder().prepare();
  node.result(std::move(result));
  return true;
}

// A matrix product and what is added to it are one linear layer.
bool fold_into_product(OnnxNode& node, std::size_t data) {
  const auto source = node.value(data);
  if (node.type() != "Add" || source->kind != Kind::product || !node.alone(data)) return false;
  const std::int64_t outputs = node.builder().shape(source->weights)[0];
  const auto& bias = node.floats(1 - data);
  // One number for each output, lined up with the last axis.
  const auto dims = bias.shape.dims();
  const bool last = !dims.empty() && dims.back() == outputs && bias.shape.elements() == outputs;
  if (!last || dims.size() > node.builder().shape(source->id).rank()) return false;
  const int parameter = node.parameter(1 - data, {outputs});
  const auto linear = std::make_shared<Linear>(Linear::Parameters{.rows = source->rows});
  node.result(node.builder().add(source->layer, linear, {source->id, source->weights, parameter}));
  return true;
}

// A factor of a mean of squares; a number that changes nothing; a tiny one that keeps a norm from 0.
bool fold_number(OnnxNode& node, std::size_t data, float value) {
  const auto source = node.value(data);
  const std::string& type = node.type();
  const bool scales = type == "Mul" || type == "Div";
  if (source->kind == Kind::mean_square && scales && data == 0 && value > 0 && std::isfinite(value)) {
    OnnxValue result = *source;
    result.factor =
        type == "Mul" ? result.factor * static_cast<double>(value) : result.factor / static_cast<double>(value);
    result.layer.clear();
    node.result(std::move(result));
    return true;
  }
  const bool norm = source->kind == Kind::norm || source->kind == Kind::sum_square;
  const bool nothing = value == (scales ? 1.0F : 0.0F) && (data == 0 || type == "Add" || type == "Mul");
  if (!nothing && !(norm && type == "Add" && value > 0 && value <= 1e-6F)) return false;
  node.pass_on(data);
  return true;
}

void with_constant(OnnxNode& node, std::size_t data) {
  if (fold_into_images(node, data) || fold_into_product(node, data)) return;
  const auto number = node.scalar(1 - data);
  if (number && node.value(data)->kind != Kind::images && fold_number(node, data, *number)) return;
  const auto& constant = node.floats(1 - data);
  const bool single = constant.size() == 1;
  const int source = node.data(data);
  const Shape shape = constant.shape.rank() == 0 ? Shape{1} : constant.shape;
  const Arithmetic::Parameters p{.constant = true,
                                 .reversed = data == 1 && (node.type() == "Sub" || node.type() == "Div")};
  node.result(node.add(std::make_shared<Arithmetic>(kind_of(node.type()), p),
                       {source, node.parameter(1 - data, shape, single)}));
}

// x / norm(x), or x * (1 / norm(x)).
bool fold_normalisation(OnnxNode& node) {
  for (std::size_t i = 0; i < 2; ++i) {
    const auto norm = node.value(1 - i);
    const bool divides = node.type() == "Div" && i == 0 && norm->kind == Kind::norm;
    if (!divides && !(node.type() == "Mul" && norm->kind == Kind::inverse_norm)) continue;
    if (node.data(i) != norm->id) return false;
    const L2Normalize::Parameters p{static_cast<std::int64_t>(norm->axis)};
    node.result(node.add(std::make_shared<L2Normalize>(p), {norm->id}));
    return true;
  }
  return false;
}

void arithmetic(OnnxNode& node) {
  if (node.is_constant(0)) return with_constant(node, 1);
  if (node.is_constant(1)) return with_constant(node, 0);
  if (fold_normalisation(node)) return;
  if (node.type() == "Mul" && node.value(0) == node.value(1)) {
    const int src = node.data(0);
    return node.result(OnnxValue{.kind = Kind::square, .id = src});
  }
  // The operator's first source has all of the result's axes.
  node.result(node.add(std::make_shared<Arithmetic>(kind_of(node.type())), {node.data(0), node.data(1)}));
}

void sum(OnnxNode& node) {
  std::vector<int> src;
  for (std::size_t i = 0; i < node.sources(); ++i) src.push_back(node.data(i));
  if (src.size() == 1) return node.pass_on(0);
  node.result(node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::add), src));
}

void negate(OnnxNode& node) {
  node.result(
      node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::multiply, Arithmetic::Parameters{.constant = true}),
               {node.data(0), node.fixed("minus", -1)}));
}

// The root of a sum of squares: a norm of lines, or an L2 pool.
void square_root(OnnxNode& node) {
  const auto source = node.value(0);
  if (source->kind == Kind::sum_square) {
    return node.result(OnnxValue{.kind = Kind::norm, .id = source->id, .axis = source->axis});
  }
  if (source->kind != Kind::mean_square) {
    return node.result(node.add(std::make_shared<Unary>(Unary::Kind::square_root), {node.data(0)}));
  }
  const Shape& src = node.builder().shape(source->id);
  const auto& window = source->window.window;
  const double area = static_cast<double>(window[0] == 0 ? src[2] * src[3] : window[0] * window[1]);
  auto p = source->window;
  p.count_padding = false;
  const double rest = std::sqrt(source->factor / area);
  const auto pool = std::make_shared<Pool>(Pool::Kind::l2, p);
  if (std::fabs(rest - 1) < 1e-6) return node.result(node.add(pool, {source->id}));
  const int pooled = node.add(pool, {source->id}, "pool");
  node.result(
      node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::multiply, Arithmetic::Parameters{.constant = true}),
               {pooled, node.fixed("factor", static_cast<float>(rest))}));
}

void power(OnnxNode& node) {
  const auto exponent = node.scalar(1);
  if (exponent == 0.5F) return square_root(node);
  const int src = node.data(0);
  const auto product = std::make_shared<Arithmetic>(Arithmetic::Kind::multiply);
  if (exponent == 3.0F) return node.result(node.add(product, {node.add(product, {src, src}, "square"), src}));
  if (exponent != 2.0F) node.refuse("only the powers 2, 3 and 0.5 can be imported");
  node.result(OnnxValue{.kind = Kind::square, .id = src});
}

void reciprocal(OnnxNode& node) {
  const auto source = node.value(0);
  if (source->kind == Kind::norm) {
    return node.result(OnnxValue{.kind = Kind::inverse_norm, .id = source->id, .axis = source->axis});
  }
  const float one = 1;
  const int constant = node.parameter("one", Tensor::from({1}, std::span(&one, 1)), true);
  node.result(node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::divide,
                                                    Arithmetic::Parameters{.constant = true, .reversed = true}),
                       {node.data(0), constant}));
}

// Clip with one limit, by another name.
void limit(OnnxNode& node) {
  const std::size_t data = node.is_constant(0) ? 1 : 0;
  const auto value = node.sources() == 2 ? node.scalar(1 - data) : std::nullopt;
  if (!value || std::isnan(*value)) node.refuse("only the limit of data by one constant number can be imported");
  if (node.type() == "Max" && keeps_norm_from_zero(*node.value(data), *value)) return node.pass_on(data);
  Clip::Parameters p;
  (node.type() == "Max" ? p.min : p.max) = std::clamp(*value, p.min, p.max);
  node.result(node.add(std::make_shared<Clip>(p), {node.data(data)}));
}

Reduce::Kind reduction_of(const std::string& type) {
  if (type == "ReduceMean") return Reduce::Kind::mean;
  return type == "ReduceMax" ? Reduce::Kind::maximum : Reduce::Kind::sum;
}

void reduce(OnnxNode& node) {
  const std::string& type = node.type();
  const auto source = node.value(0);
  const bool squared = source->kind == Kind::square;
  const Shape src = squared ? node.builder().shape(source->id) : node.shape(0);
  const auto given = node.list("axes", 1);
  if ((!given || given->empty()) && node.integer("noop_with_empty_axes", 0) != 0) return node.pass_on(0);
  if (!given || given->empty()) node.refuse("it reduces all axes, the batch too: images are treated one by one");
  std::vector<std::int64_t> axes;
  for (const auto axis : *given) axes.push_back(static_cast<std::int64_t>(node.axis(axis, src.rank())));
  std::sort(axes.begin(), axes.end());
  const bool keep = node.integer("keepdims", 1) != 0;
  const bool rows = src.rank() == 2 && axes == std::vector<std::int64_t>{1};
  const bool sum_square = type == "ReduceSumSquare" || (squared && type == "ReduceSum");
  if ((type == "ReduceL2" || sum_square) && axes.size() == 1 && axes[0] > 0 && (keep || rows)) {
    // Without its axis the norm cannot be told from one that lines up with the rows: an Unsqueeze must give it back.
    const int of = squared && type == "ReduceSum" ? source->id : node.data(0);
    return node.result(OnnxValue{.kind = type == "ReduceL2" ? Kind::norm : Kind::sum_square,
                                 .id = of,
                                 .axis = static_cast<std::size_t>(axes[0])});
  }
  int from = node.data(0);
  if (type == "ReduceSumSquare" || type == "ReduceL2") {
    from = node.add(std::make_shared<Arithmetic>(Arithmetic::Kind::multiply), {from, from}, "square");
  }
  const bool maps = src.rank() == 4 && axes == std::vector<std::int64_t>{2, 3};
  if (!maps || reduction_of(type) == Reduce::Kind::sum) {
    const auto reduction = std::make_shared<Reduce>(reduction_of(type), Reduce::Parameters{axes, keep});
    if (type != "ReduceL2") return node.result(node.add(reduction, {from}));
    const auto root = std::make_shared<Unary>(Unary::Kind::square_root);
    return node.result(node.add(root, {node.add(reduction, {from}, "sum")}));
  }
  // Of whole maps: a pool is faster.
  const auto pool_kind = type == "ReduceMean" ? Pool::Kind::average : Pool::Kind::maximum;
  const int pooled = node.add(std::make_shared<Pool>(pool_kind, Pool::Parameters{.window = {0, 0}}), {from});
  node.result(keep ? pooled : add_onnx_reshape(node, pooled, std::array<std::int64_t, 1>{src[1]}, "vectors"));
}

constexpr OnnxReader kReaders[] = {
    {"Add", arithmetic},
    {"Sub", arithmetic},
    {"Mul", arithmetic},
    {"Div", arithmetic},
    {"Sum", sum},
    {"Neg", negate},
    {"Sqrt", square_root},
    {"Pow", power},
    {"Reciprocal", reciprocal},
    {"Min", limit},
    {"Max", limit},
    {"ReduceMean", reduce},
    {"ReduceSum", reduce},
    {"ReduceMax", reduce},
    {"ReduceL2", reduce},
    {"ReduceSumSquare", reduce},
};

}  // namespace

bool keeps_norm_from_zero(const OnnxValue& value, float limit) {
  // Embeddings are longer by orders of magnitude.
  return (value.kind == Kind::norm && limit <= 1e-4F) || (value.kind == Kind::sum_square && limit <= 1e-8F);
}

std::span<const OnnxReader> onnx_arithmetic_readers() { return kReaders; }

}  // namespace facenet
