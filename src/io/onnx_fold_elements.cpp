// ONNX's constants element by element: arithmetic, comparisons, functions of one number; running sums and ranges.
#include <cmath>

#include "io/onnx_folding.hpp"

namespace facenet {
namespace {

using Integers = std::vector<std::int64_t>;

// Whole numbers are for shapes: what overflows, or computes with the batch's size, is refused.
std::int64_t whole_result(OnnxNode& node, std::int64_t a, std::int64_t b) {
  const std::string& type = node.type();
  const bool scales = type == "Mul" || type == "Div";
  if (a == kOnnxBatch && b == (scales ? 1 : 0)) return a;
  if (b == kOnnxBatch && ((type == "Mul" && a == 1) || (type == "Add" && a == 0))) return b;
  if (a == kOnnxBatch || b == kOnnxBatch)
    node.refuse("it computes with the batch's size: images are treated one by one");
  std::int64_t result = 0;
  bool fails = type == "Pow" || (type == "Div" && (b == 0 || b == -1));
  if (type == "Add") fails = __builtin_add_overflow(a, b, &result);
  if (type == "Sub") fails = __builtin_sub_overflow(a, b, &result);
  if (type == "Mul") fails = __builtin_mul_overflow(a, b, &result);
  if (fails)
    node.refuse("it cannot be computed with the whole numbers " + std::to_string(a) + " and " + std::to_string(b));
  return type == "Div" ? a / b : result;
}

float float_result(const std::string& type, float a, float b) {
  if (type == "Add") return a + b;
  if (type == "Sub") return a - b;
  if (type == "Mul") return a * b;
  if (type == "Div") return a / b;
  return std::pow(a, b);
}

// Calls function(i, left, right) for each of the result's elements, which have this shape.
template <typename Function>
void for_each_pair(const Shape& shape, const OnnxConstant& a, const OnnxConstant& b, Function&& function) {
  const OnnxPlaces left(a.shape, shape);
  const OnnxPlaces right(b.shape, shape);
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.elements()); ++i) function(i, left(i), right(i));
}

// How much the result grows from image to image: what does, moved or multiplied by one number that does not.
std::int64_t growth_of(OnnxNode& node, const OnnxConstant& a, const OnnxConstant& b) {
  const auto& grows = a.growth != 0 ? a : b;
  const auto& other = a.growth != 0 ? b : a;
  if (grows.growth == 0 || (node.type() == "Add" && other.growth == 0)) return grows.growth;
  if (node.type() != "Mul" || other.growth != 0 || other.size() != 1) {
    node.refuse("it computes with the images' numbers: images are treated one by one");
  }
  return whole_result(node, grows.growth, other.integers[0]);
}

void arithmetic(OnnxNode& node) {
  const auto& a = node.constant(0);
  const auto& b = node.constant(1);
  if (a.whole != b.whole) node.refuse("its sources differ in kind");
  OnnxConstant result = empty_onnx_constant(node, a.whole, onnx_broadcast(node, a.shape, b.shape));
  result.growth = growth_of(node, a, b);
  for_each_pair(result.shape, a, b, [&](std::size_t i, std::size_t left, std::size_t right) {
    if (a.whole) {
      result.integers[i] = whole_result(node, a.integers[left], b.integers[right]);
    } else {
      result.floats.floats()[i] = float_result(node.type(), a.floats.floats()[left], b.floats.floats()[right]);
    }
  });
  node.result(std::move(result));
}

// The batch's size is no shape's -1, and nothing else is known of it.
void require_known(OnnxNode& node, std::int64_t a, std::int64_t b) {
  const bool other = a == kOnnxBatch ? b > 0 : b == kOnnxBatch && a > 0;
  const bool batch = a == kOnnxBatch || b == kOnnxBatch;
  if (batch && (other || node.type() != "Equal")) node.refuse("it compares the batch's size: any batch must do");
}

template <typename T>
bool compared(const std::string& type, T a, T b) {
  if (type == "Equal") return a == b;
  if (type == "Greater") return a > b;
  if (type == "Less") return a < b;
  if (type == "And") return a != 0 && b != 0;
  return a != 0 || b != 0;
}

void compare(OnnxNode& node) {
  const auto& a = node.constant(0);
  const auto& b = node.constant(1);
  if (a.whole != b.whole) node.refuse("its sources differ in kind");
  OnnxConstant result = empty_onnx_constant(node, true, onnx_broadcast(node, a.shape, b.shape));
  for_each_pair(result.shape, a, b, [&](std::size_t i, std::size_t left, std::size_t right) {
    if (a.whole) require_known(node, a.integers[left], b.integers[right]);
    const bool is = a.whole ? compared(node.type(), a.integers[left], b.integers[right])
                            : compared(node.type(), a.floats.floats()[left], b.floats.floats()[right]);
    result.integers[i] = is ? 1 : 0;
  });
  node.result(std::move(result));
}

void where(OnnxNode& node) {
  const auto& condition = node.constant(0);
  const auto& a = node.constant(1);
  const auto& b = node.constant(2);
  if (!condition.whole || a.whole != b.whole) node.refuse("its sources differ in kind");
  const Shape shape = onnx_broadcast(node, condition.shape, onnx_broadcast(node, a.shape, b.shape));
  const OnnxPlaces asked(condition.shape, shape);
  OnnxConstant result = empty_onnx_constant(node, a.whole, shape);
  for_each_pair(shape, a, b, [&](std::size_t i, std::size_t left, std::size_t right) {
    const bool first = condition.integers[asked(i)] != 0;
    if (a.whole) {
      result.integers[i] = first ? a.integers[left] : b.integers[right];
    } else {
      result.floats.floats()[i] = first ? a.floats.floats()[left] : b.floats.floats()[right];
    }
  });
  node.result(std::move(result));
}

float function_of(const std::string& type, float value) {
  if (type == "Sqrt") return std::sqrt(value);
  if (type == "Neg") return -value;
  if (type == "Reciprocal") return 1 / value;
  if (type == "Exp") return std::exp(value);
  if (type == "Log") return std::log(value);
  if (type == "Sin") return std::sin(value);
  if (type == "Cos") return std::cos(value);
  if (type == "Floor") return std::floor(value);
  return std::ceil(value);
}

void unary(OnnxNode& node) {
  const auto& source = node.constant(0);
  OnnxConstant result = empty_onnx_constant(node, source.whole, source.shape);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!source.whole) {
      result.floats.floats()[i] = function_of(node.type(), source.floats.floats()[i]);
    } else if (node.type() == "Neg") {
      if (source.integers[i] <= kOnnxBatch) node.refuse("it computes with the batch's size");
      result.integers[i] = -source.integers[i];
    } else {
      node.refuse("whole numbers have no such function");
    }
  }
  node.result(std::move(result));
}

void negation(OnnxNode& node) {
  const auto& source = node.constant(0);
  if (!source.whole) node.refuse("its source is neither true nor false");
  OnnxConstant result = empty_onnx_constant(node, true, source.shape);
  for (std::size_t i = 0; i < result.size(); ++i) result.integers[i] = source.integers[i] == 0 ? 1 : 0;
  node.result(std::move(result));
}

void running_sum(OnnxNode& node) {
  const auto& source = node.floats(0);
  const auto& place = node.whole_numbers(1);
  if (place.size() != 1) node.refuse("wants one axis");
  const std::size_t axis = node.axis(place[0], source.shape.rank());
  if (source.each && axis == 0) node.refuse("it mixes the images of a batch: images are treated one by one");
  if (node.integer("exclusive", 0) != 0 || node.integer("reverse", 0) != 0) {
    node.refuse("only sums from the front, of all so far, can be imported");
  }
  OnnxConstant result = empty_onnx_constant(node, false, source.shape);
  const std::size_t stride = onnx_strides(source.shape)[axis];
  const std::size_t extent = onnx_extent(source.shape, axis);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const float before = i / stride % extent == 0 ? 0 : result.floats.floats()[i - stride];
    result.floats.floats()[i] = before + source.floats.floats()[i];
  }
  node.result(std::move(result));
}

void range(OnnxNode& node) {
  const bool whole = node.constant(0).whole;
  if (whole && node.scalar(0) == 0.0F && node.scalar(2) == 1.0F && node.constant(1).integers == Integers{kOnnxBatch}) {
    return node.result(OnnxConstant{.shape = {1}, .whole = true, .each = true, .growth = 1, .integers = {0}});
  }
  std::array<double, 3> given{};  // start, limit, step
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& source = node.constant(i);
    if (source.size() != 1 || source.whole != whole) node.refuse("its sources must be single numbers of one kind");
    given[i] = whole ? static_cast<double>(source.integers[0]) : static_cast<double>(source.floats.floats()[0]);
  }
  const double count = std::ceil((given[1] - given[0]) / given[2]);
  if (!(count < 1e9)) node.refuse("the range is beyond all bounds");
  const auto length = static_cast<std::int64_t>(std::max(0.0, count));
  OnnxConstant result = empty_onnx_constant(node, whole, {length});
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double value = given[0] + static_cast<double>(i) * given[2];
    if (whole) {
      result.integers[i] = static_cast<std::int64_t>(value);
    } else {
      result.floats.floats()[i] = static_cast<float>(value);
    }
  }
  node.result(std::move(result));
}

constexpr OnnxFolder kFolders[] = {
    {"Add", arithmetic}, {"Sub", arithmetic},     {"Mul", arithmetic}, {"Div", arithmetic}, {"Pow", arithmetic},
    {"Equal", compare},  {"Greater", compare},    {"Less", compare},   {"And", compare},    {"Or", compare},
    {"Where", where},    {"Not", negation},       {"Sqrt", unary},     {"Neg", unary},      {"Reciprocal", unary},
    {"Exp", unary},      {"Log", unary},          {"Sin", unary},      {"Cos", unary},      {"Floor", unary},
    {"Ceil", unary},     {"CumSum", running_sum}, {"Range", range},
};

}  // namespace

std::span<const OnnxFolder> onnx_element_folders() { return kFolders; }

}  // namespace facenet
