// Arithmetic and rearrangement of constants, by the rules of ONNX.
#include "io/onnx_fold.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <facenet/error.hpp>

namespace facenet {
namespace {

// An empty constant like this one, of another shape; its memory is accounted for.
OnnxConstant like(OnnxNode& node, const OnnxConstant& model, const Shape& shape) {
  OnnxConstant result{.shape = checked_onnx_shape(shape.dims(), node.what()), .whole = model.whole};
  node.builder().spend(result.size() * sizeof(std::int64_t), node.what());
  if (result.whole) {
    result.integers.resize(result.size());
  } else {
    result.floats = Tensor(TensorSpec{shape});
  }
  return result;
}

// The source's elements in other places: `from` says for each of the result's indices where in the source it stands.
OnnxConstant picked(OnnxNode& node, const OnnxConstant& source, const Shape& shape,
                    const std::function<std::size_t(std::size_t)>& from) {
  OnnxConstant result = like(node, source, shape);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result.whole) {
      result.integers[i] = source.integers[from(i)];
    } else {
      result.floats.floats()[i] = source.floats.floats()[from(i)];
    }
  }
  return result;
}

OnnxConstant reshaped(OnnxNode& node, const OnnxConstant& source, const Shape& shape) {
  return picked(node, source, shape, [](std::size_t i) { return i; });
}

std::size_t extent(const Shape& shape, std::size_t axis) { return static_cast<std::size_t>(shape[axis]); }

// How many elements lie between neighbours along each axis.
std::vector<std::size_t> strides(const Shape& shape) {
  std::vector<std::size_t> result(shape.rank(), 1);
  for (std::size_t i = shape.rank(); i-- > 1;) result[i - 1] = result[i] * extent(shape, i);
  return result;
}

void pass(OnnxNode& node) { node.pass_on(0); }

void cast(OnnxNode& node) {
  const auto& source = node.constant(0);
  const auto to = node.integer("to", onnx::TensorProto::FLOAT);
  const bool whole = to == onnx::TensorProto::INT64 || to == onnx::TensorProto::INT32;
  if (!whole && to != onnx::TensorProto::FLOAT && to != onnx::TensorProto::DOUBLE && to != onnx::TensorProto::FLOAT16) {
    node.refuse("constants cannot become numbers of type " + std::to_string(to));
  }
  if (whole == source.whole) return node.pass_on(0);
  OnnxConstant result = like(node, OnnxConstant{.whole = whole}, source.shape);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!whole) {
      if (source.integers[i] == kOnnxBatch) node.refuse("the batch's size cannot become a float");
      result.floats.floats()[i] = static_cast<float>(source.integers[i]);
      continue;
    }
    const float value = source.floats.floats()[i];
    if (!(std::fabs(value) < 1e18F)) node.refuse("a number is too large for a whole one");
    result.integers[i] = static_cast<std::int64_t>(value);
  }
  node.result(std::move(result));
}

void reshape(OnnxNode& node) {
  const auto& source = node.constant(0);
  const auto target = node.list("shape", 1);
  if (!target) node.refuse("it does not say the shape");
  node.result(reshaped(node, source, onnx_reshaped(node, source.shape, *target, node.integer("allowzero", 0) != 0)));
}

void squeeze(OnnxNode& node) {
  const auto& source = node.constant(0);
  const std::size_t rank = source.shape.rank();
  const auto axes = node.list("axes", 1);
  std::vector<bool> goes(rank);
  for (std::size_t i = 0; i < rank && !axes; ++i) goes[i] = source.shape[i] == 1;
  if (axes) {
    for (const auto axis : *axes) goes[node.axis(axis, rank)] = true;
  }
  std::vector<std::int64_t> extents;
  for (std::size_t i = 0; i < rank; ++i) {
    if (!goes[i]) extents.push_back(source.shape[i]);
    if (goes[i] && source.shape[i] != 1) node.refuse("an axis that is to go is longer than 1");
  }
  node.result(reshaped(node, source, Shape(extents)));
}

void unsqueeze(OnnxNode& node) {
  const auto& source = node.constant(0);
  const auto axes = node.list("axes", 1);
  if (!axes || source.shape.rank() + axes->size() > Shape::kMaxRank) node.refuse("wants axes, six at most in all");
  const std::size_t rank = source.shape.rank() + axes->size();
  std::vector<std::int64_t> extents(rank, 0);
  for (const auto axis : *axes) extents[node.axis(axis, rank)] = 1;
  std::size_t next = 0;
  for (auto& each : extents) {
    if (each == 1) continue;
    if (next == source.shape.rank()) node.refuse("an axis stands there twice");
    each = source.shape[next++];
  }
  if (next != source.shape.rank()) node.refuse("an axis stands there twice");
  node.result(reshaped(node, source, Shape(extents)));
}

void transpose(OnnxNode& node) {
  const auto& source = node.constant(0);
  const std::size_t rank = source.shape.rank();
  std::vector<std::int64_t> order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = static_cast<std::int64_t>(rank - 1 - i);
  if (const auto given = node.integers("perm")) order = *given;
  std::vector<std::int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> extents;
  for (std::size_t i = 0; i < rank; ++i) {
    if (sorted.size() != rank || sorted[i] != static_cast<std::int64_t>(i))
      node.refuse("perm must name each axis once");
    extents.push_back(source.shape[static_cast<std::size_t>(order[i])]);
  }
  const Shape shape(extents);
  const auto from = strides(source.shape);
  const auto to = strides(shape);
  node.result(picked(node, source, shape, [&](std::size_t i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < rank; ++k)
      at += i / to[k] % extent(shape, k) * from[static_cast<std::size_t>(order[k])];
    return at;
  }));
}

void concat(OnnxNode& node) {
  const OnnxConstant& first = node.constant(0);
  const std::size_t axis = node.axis(node.integer("axis", 1), first.shape.rank());
  std::vector<std::int64_t> extents(first.shape.dims().begin(), first.shape.dims().end());
  extents[axis] = 0;
  std::vector<std::pair<const OnnxConstant*, std::size_t>> origin;  // for each place along the axis
  for (std::size_t s = 0; s < node.sources(); ++s) {
    const auto& source = node.constant(s);
    if (source.whole != first.whole || source.shape.rank() != first.shape.rank())
      node.refuse("its sources differ in kind");
    for (std::size_t i = 0; i < extents.size(); ++i) {
      if (i != axis && source.shape[i] != first.shape[i]) node.refuse("its sources must agree in all but one axis");
    }
    node.builder().spend(extent(source.shape, axis) * sizeof(origin[0]), node.what());
    for (std::size_t i = 0; i < extent(source.shape, axis); ++i) origin.emplace_back(&source, i);
    extents[axis] += source.shape[axis];
  }
  OnnxConstant result = like(node, first, Shape(extents));
  const std::size_t inner = strides(result.shape)[axis];
  const std::size_t along = origin.size();
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto& [source, place] = origin[i / inner % along];
    const std::size_t at = (i / inner / along * extent(source->shape, axis) + place) * inner + i % inner;
    if (result.whole) {
      result.integers[i] = source->integers[at];
    } else {
      result.floats.floats()[i] = source->floats.floats()[at];
    }
  }
  node.result(std::move(result));
}

void gather(OnnxNode& node) {
  const auto& source = node.constant(0);
  const auto& indices = node.constant(1);
  const std::size_t axis = node.axis(node.integer("axis", 0), source.shape.rank());
  if (!indices.whole) node.refuse("its indices are no whole numbers");
  std::vector<std::size_t> places;
  for (const auto index : indices.integers) places.push_back(node.axis(index, extent(source.shape, axis)));
  std::vector<std::int64_t> extents(source.shape.dims().begin(), source.shape.dims().begin() + static_cast<int>(axis));
  extents.insert(extents.end(), indices.shape.dims().begin(), indices.shape.dims().end());
  extents.insert(extents.end(), source.shape.dims().begin() + static_cast<int>(axis) + 1, source.shape.dims().end());
  const std::size_t inner = strides(source.shape)[axis];
  node.result(picked(node, source, checked_onnx_shape(extents, node.what()), [&](std::size_t i) {
    const std::size_t outer = i / inner / places.size();
    return (outer * extent(source.shape, axis) + places[i / inner % places.size()]) * inner + i % inner;
  }));
}

void slice(OnnxNode& node) {
  const auto& source = node.constant(0);
  const std::size_t rank = source.shape.rank();
  const auto starts = node.list("starts", 1);
  const auto ends = node.list("ends", 2);
  if (!starts || !ends || starts->size() != ends->size()) node.refuse("wants as many starts as ends");
  const auto axes = node.list("axes", 3);
  const auto steps = node.list("steps", 4);
  if ((axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size())) {
    node.refuse("wants as many axes and steps as starts");
  }
  std::vector<std::int64_t> extents(source.shape.dims().begin(), source.shape.dims().end());
  std::vector<std::int64_t> first(rank, 0);
  std::vector<std::int64_t> step(rank, 1);
  for (std::size_t k = 0; k < starts->size(); ++k) {
    const std::size_t axis = node.axis(axes ? (*axes)[k] : static_cast<std::int64_t>(k), rank);
    const std::int64_t length = source.shape[axis];
    const std::int64_t by = steps ? std::clamp((*steps)[k], -length - 1, length + 1) : 1;
    if (by == 0) node.refuse("a step of 0 leads nowhere");
    // Places count from the end when negative; one beyond an end is that end.
    const auto bounded = [&](std::int64_t place) {
      place = std::clamp(place, -length - 1, length);
      if (place < 0) place += length;
      return by > 0 ? std::max<std::int64_t>(place, 0) : std::min(place, length - 1);
    };
    first[axis] = bounded((*starts)[k]);
    step[axis] = by;
    const std::int64_t way = bounded((*ends)[k]) - first[axis];
    extents[axis] = std::max<std::int64_t>(0, (way + by + (by > 0 ? -1 : 1)) / by);
  }
  const Shape shape(extents);
  const auto from = strides(source.shape);
  const auto to = strides(shape);
  node.result(picked(node, source, shape, [&](std::size_t i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < rank; ++k) {
      const auto place = static_cast<std::int64_t>(i / to[k] % extent(shape, k)) * step[k] + first[k];
      at += static_cast<std::size_t>(place) * from[k];
    }
    return at;
  }));
}

void constant_of_shape(OnnxNode& node) {
  const auto& extents = node.whole_numbers(0);
  const auto* given = node.attribute("value");
  OnnxConstant one{.shape = {1}, .floats = Tensor::zeros({{1}})};
  if (given != nullptr) one = onnx_constant(given->t(), node.builder().folder(), node.what());
  if (one.size() != 1) node.refuse("its value is not a single number");
  node.result(picked(node, one, checked_onnx_shape(extents, node.what()), [](std::size_t) { return 0; }));
}

void shape_of(OnnxNode& node) {
  const auto dims = node.constant(0).shape.dims();
  node.result(OnnxConstant{
      .shape = {static_cast<std::int64_t>(dims.size())}, .whole = true, .integers = {dims.begin(), dims.end()}});
}

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

void arithmetic(OnnxNode& node) {
  const auto& a = node.constant(0);
  const auto& b = node.constant(1);
  if (a.whole != b.whole) node.refuse("its sources differ in kind");
  const std::size_t rank = std::max(a.shape.rank(), b.shape.rank());
  std::vector<std::int64_t> extents(rank);
  const auto at = [rank](const Shape& shape, std::size_t i) {
    return i + shape.rank() < rank ? 1 : shape[i + shape.rank() - rank];
  };
  for (std::size_t i = 0; i < rank; ++i) {
    extents[i] = at(a.shape, i) == 1 ? at(b.shape, i) : at(a.shape, i);
    if (at(b.shape, i) != 1 && at(b.shape, i) != extents[i]) node.refuse("its sources' shapes do not broadcast");
  }
  OnnxConstant result = like(node, a, checked_onnx_shape(extents, node.what()));
  const auto to = strides(result.shape);
  const auto from_a = strides(a.shape);
  const auto from_b = strides(b.shape);
  const auto place = [&](const OnnxConstant& source, const std::vector<std::size_t>& from, std::size_t i) {
    std::size_t index = 0;
    for (std::size_t k = rank - source.shape.rank(); k < rank; ++k) {
      const std::size_t own = k + source.shape.rank() - rank;
      if (source.shape[own] != 1) index += i / to[k] % extent(result.shape, k) * from[own];
    }
    return index;
  };
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t left = place(a, from_a, i);
    const std::size_t right = place(b, from_b, i);
    if (a.whole) {
      result.integers[i] = whole_result(node, a.integers[left], b.integers[right]);
    } else {
      result.floats.floats()[i] = float_result(node.type(), a.floats.floats()[left], b.floats.floats()[right]);
    }
  }
  node.result(std::move(result));
}

void unary(OnnxNode& node) {
  const auto& source = node.floats(0);
  OnnxConstant result = like(node, source, source.shape);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const float value = source.floats.floats()[i];
    result.floats.floats()[i] = node.type() == "Sqrt" ? std::sqrt(value) : node.type() == "Neg" ? -value : 1 / value;
  }
  node.result(std::move(result));
}

struct Folder {
  std::string_view type;
  void (*fold)(OnnxNode& node);
};

constexpr Folder kFolders[] = {
    {"Identity", pass},
    {"Cast", cast},
    {"Reshape", reshape},
    {"Squeeze", squeeze},
    {"Unsqueeze", unsqueeze},
    {"Transpose", transpose},
    {"Concat", concat},
    {"Gather", gather},
    {"Slice", slice},
    {"Shape", shape_of},
    {"Add", arithmetic},
    {"Sub", arithmetic},
    {"Mul", arithmetic},
    {"Div", arithmetic},
    {"Pow", arithmetic},
    {"Sqrt", unary},
    {"ConstantOfShape", constant_of_shape},
    {"Neg", unary},
    {"Reciprocal", unary},
};

}  // namespace

bool fold_onnx_node(OnnxNode& node) {
  for (const auto& folder : kFolders) {
    if (folder.type != node.type()) continue;
    if (node.sources() == 0) return false;
    for (std::size_t i = 0; i < node.sources(); ++i) {
      if (node.has(i) && !node.is_constant(i)) return false;
    }
    folder.fold(node);
    return true;
  }
  return false;
}

std::vector<std::string_view> onnx_folded_types() {
  std::vector<std::string_view> types;
  for (const auto& folder : kFolders) types.push_back(folder.type);
  return types;
}

Shape onnx_reshaped(OnnxNode& node, const Shape& shape, std::span<const std::int64_t> target, bool zero_is_zero) {
  std::vector<std::int64_t> extents(target.begin(), target.end());
  std::int64_t known = 1;
  std::size_t open = extents.size();
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] == 0 && !zero_is_zero && i < shape.rank()) extents[i] = shape[i];
    if (extents[i] == -1 && open == extents.size()) {
      open = i;
    } else if (extents[i] < 0 || __builtin_mul_overflow(known, extents[i], &known)) {
      node.refuse("the extent " + std::to_string(extents[i]) + " cannot be asked for");
    }
  }
  if (open < extents.size()) extents[open] = known > 0 ? shape.elements() / known : 0;
  const Shape result = checked_onnx_shape(extents, node.what());
  if (result.elements() != shape.elements())
    node.refuse("the elements of " + shape.text() + " do not fit " + result.text());
  return result;
}

}  // namespace facenet
