// Arithmetic and rearrangement of constants, by the rules of ONNX.
#include "io/onnx_fold.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <facenet/error.hpp>

#include "io/onnx_folding.hpp"

namespace facenet {
namespace {

OnnxConstant reshaped(OnnxNode& node, const OnnxConstant& source, const Shape& shape) {
  return picked_onnx_constant(node, source, shape, [](std::size_t i) { return i; });
}

void pass(OnnxNode& node) { node.pass_on(0); }

void cast(OnnxNode& node) {
  using Type = onnx::TensorProto;
  const auto& source = node.constant(0);
  const auto to = node.integer("to", Type::FLOAT);
  const bool truth = to == Type::BOOL;
  const bool whole = truth || to == Type::INT64 || to == Type::INT32;
  if (!whole && to != Type::FLOAT && to != Type::DOUBLE && to != Type::FLOAT16) {
    node.refuse("constants cannot become numbers of type " + std::to_string(to));
  }
  if (whole == source.whole && !truth) return node.pass_on(0);
  OnnxConstant result = empty_onnx_constant(node, whole, source.shape);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (source.whole && source.integers[i] == kOnnxBatch) node.refuse("the batch's size can become no other number");
    if (!whole) {
      result.floats.floats()[i] = static_cast<float>(source.integers[i]);
      continue;
    }
    if (source.whole) {
      result.integers[i] = source.integers[i] != 0 ? 1 : 0;
      continue;
    }
    const float value = source.floats.floats()[i];
    if (!(std::fabs(value) < 1e18F)) node.refuse("a number is too large for a whole one");
    result.integers[i] = truth ? (value != 0 ? 1 : 0) : static_cast<std::int64_t>(value);
  }
  node.result(std::move(result));
}

void reshape(OnnxNode& node) {
  const auto& source = node.constant(0);
  auto target = node.list("shape", 1);
  if (!target) node.refuse("it does not say the shape");
  if (source.each && !target->empty() && (*target)[0] == kOnnxBatch) (*target)[0] = 1;
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
  if (source.each && order[0] != 0) node.refuse("it moves the batch: images are treated one by one");
  const Shape shape(extents);
  const auto from = onnx_strides(source.shape);
  const auto to = onnx_strides(shape);
  node.result(picked_onnx_constant(node, source, shape, [&](std::size_t i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < rank; ++k)
      at += i / to[k] % onnx_extent(shape, k) * from[static_cast<std::size_t>(order[k])];
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
    node.builder().spend(onnx_extent(source.shape, axis) * sizeof(origin[0]), node.what());
    for (std::size_t i = 0; i < onnx_extent(source.shape, axis); ++i) origin.emplace_back(&source, i);
    extents[axis] += source.shape[axis];
  }
  OnnxConstant result = empty_onnx_constant(node, first.whole, Shape(extents));
  const std::size_t inner = onnx_strides(result.shape)[axis];
  const std::size_t along = origin.size();
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto& [source, place] = origin[i / inner % along];
    const std::size_t at = (i / inner / along * onnx_extent(source->shape, axis) + place) * inner + i % inner;
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
  node.builder().spend(indices.size() * sizeof(std::size_t), node.what());
  std::vector<std::size_t> places;
  for (const auto index : indices.integers) places.push_back(node.axis(index, onnx_extent(source.shape, axis)));
  std::vector<std::int64_t> extents(source.shape.dims().begin(), source.shape.dims().begin() + static_cast<int>(axis));
  extents.insert(extents.end(), indices.shape.dims().begin(), indices.shape.dims().end());
  extents.insert(extents.end(), source.shape.dims().begin() + static_cast<int>(axis) + 1, source.shape.dims().end());
  const std::size_t inner = onnx_strides(source.shape)[axis];
  node.result(picked_onnx_constant(node, source, checked_onnx_shape(extents, node.what()), [&](std::size_t i) {
    const std::size_t outer = i / inner / places.size();
    return (outer * onnx_extent(source.shape, axis) + places[i / inner % places.size()]) * inner + i % inner;
  }));
}

void slice(OnnxNode& node) {
  const auto& source = node.constant(0);
  const std::size_t rank = source.shape.rank();
  std::vector<std::optional<std::vector<std::int64_t>>> places(rank);
  std::vector<std::int64_t> extents(source.shape.dims().begin(), source.shape.dims().end());
  for (const OnnxSlice& part : onnx_slices(node)) {
    const std::size_t axis = node.axis(part.axis, rank);
    node.builder().spend(onnx_extent(source.shape, axis) * sizeof(std::int64_t), node.what());
    places[axis] = onnx_places(node, source.shape[axis], part.start, part.end, part.step);
    extents[axis] = static_cast<std::int64_t>(places[axis]->size());
  }
  const Shape shape(extents);
  const auto from = onnx_strides(source.shape);
  const auto to = onnx_strides(shape);
  node.result(picked_onnx_constant(node, source, shape, [&](std::size_t i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < rank; ++k) {
      const std::size_t place = i / to[k] % onnx_extent(shape, k);
      at += (places[k] ? static_cast<std::size_t>((*places[k])[place]) : place) * from[k];
    }
    return at;
  }));
}

// Extents of a result, where the batch's size in front becomes one image's share. Gives whether it did.
bool take_batch(std::vector<std::int64_t>& extents) {
  const bool each = !extents.empty() && extents[0] == kOnnxBatch;
  if (each) extents[0] = 1;
  return each;
}

void constant_of_shape(OnnxNode& node) {
  auto extents = node.whole_numbers(0);
  const bool each = take_batch(extents);
  const auto* given = node.attribute("value");
  OnnxConstant one{.shape = {1}, .floats = Tensor::zeros({{1}})};
  if (given != nullptr) one = node.builder().attribute(given->t(), node.what());
  if (one.size() != 1) node.refuse("its value is not a single number");
  auto result =
      picked_onnx_constant(node, one, checked_onnx_shape(extents, node.what()), [](std::size_t) { return 0; });
  result.each = each;
  node.result(std::move(result));
}

void expand(OnnxNode& node) {
  const auto& source = node.constant(0);
  auto extents = node.whole_numbers(1);
  const bool each = take_batch(extents) && source.shape.rank() <= extents.size();
  const Shape shape = onnx_broadcast(node, source.shape, checked_onnx_shape(extents, node.what()));
  auto result = picked_onnx_constant(node, source, shape, OnnxPlaces(source.shape, shape));
  result.each = each;
  node.result(std::move(result));
}

void tile(OnnxNode& node) {
  const auto& source = node.constant(0);
  auto repeats = node.whole_numbers(1);
  const bool each = take_batch(repeats);
  if (repeats.size() != source.shape.rank()) node.refuse("wants a count for each axis");
  std::vector<std::int64_t> extents;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0 || __builtin_mul_overflow(repeats[i], source.shape[i], &repeats[i])) {
      node.refuse("its counts are beyond all bounds");
    }
    extents.push_back(repeats[i]);
  }
  const Shape shape = checked_onnx_shape(extents, node.what());
  const auto from = onnx_strides(source.shape);
  const auto to = onnx_strides(shape);
  auto result = picked_onnx_constant(node, source, shape, [&](std::size_t i) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < to.size(); ++k) {
      at += i / to[k] % onnx_extent(shape, k) % onnx_extent(source.shape, k) * from[k];
    }
    return at;
  });
  result.each = each;
  node.result(std::move(result));
}

void shape_of(OnnxNode& node) {
  const auto& source = node.constant(0);
  std::vector<std::int64_t> dims(source.shape.dims().begin(), source.shape.dims().end());
  if (source.each) dims[0] = kOnnxBatch;
  node.result(onnx_shape(node, std::move(dims)));
}

constexpr OnnxFolder kFolders[] = {
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
    {"ConstantOfShape", constant_of_shape},
    {"Expand", expand},
    {"Tile", tile},
};

}  // namespace

bool fold_onnx_node(OnnxNode& node) {
  if (node.sources() == 0) return false;
  for (std::size_t i = 0; i < node.sources(); ++i) {
    if (node.has(i) && !node.is_constant(i)) return false;
  }
  for (const auto folders : {std::span<const OnnxFolder>(kFolders), onnx_element_folders()}) {
    for (const auto& folder : folders) {
      if (folder.type != node.type()) continue;
      folder.fold(node);
      return true;
    }
  }
  return false;
}

std::vector<std::string_view> onnx_folded_types() {
  std::vector<std::string_view> types;
  for (const auto folders : {std::span<const OnnxFolder>(kFolders), onnx_element_folders()}) {
    for (const auto& folder : folders) types.push_back(folder.type);
  }
  return types;
}

std::vector<OnnxSlice> onnx_slices(const OnnxNode& node) {
  const auto starts = node.list("starts", 1);
  const auto ends = node.list("ends", 2);
  if (!starts || !ends || starts->size() != ends->size()) node.refuse("wants as many starts as ends");
  const auto axes = node.list("axes", 3);
  const auto steps = node.list("steps", 4);
  if ((axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size())) {
    node.refuse("wants as many axes and steps as starts");
  }
  std::vector<OnnxSlice> parts;
  for (std::size_t k = 0; k < starts->size(); ++k) {
    parts.push_back(
        {axes ? (*axes)[k] : static_cast<std::int64_t>(k), (*starts)[k], (*ends)[k], steps ? (*steps)[k] : 1});
  }
  return parts;
}

std::vector<std::int64_t> onnx_places(const OnnxNode& node, std::int64_t extent, std::int64_t start, std::int64_t end,
                                      std::int64_t step) {
  if (step == 0) node.refuse("a step of 0 leads nowhere");
  // Places count from the end when negative; one beyond an end is that end.
  const auto bounded = [&](std::int64_t place) {
    place = std::clamp(place, -extent - 1, extent);
    if (place < 0) place += extent;
    return step > 0 ? std::max<std::int64_t>(place, 0) : std::min(place, extent - 1);
  };
  const std::int64_t by = std::clamp(step, -extent - 1, extent + 1);
  const std::int64_t last = bounded(end);
  std::vector<std::int64_t> places;
  for (std::int64_t place = bounded(start); step > 0 ? place < last : place > last; place += by) {
    places.push_back(place);
  }
  return places;
}

OnnxConstant onnx_shape(const OnnxNode& node, std::vector<std::int64_t> dims) {
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto place = [&](std::int64_t value) {
    return std::clamp<std::int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const auto begin = place(node.integer("start", 0));
  const auto end = std::max(begin, place(node.integer("end", rank)));
  return {.shape = {end - begin}, .whole = true, .integers = {dims.begin() + begin, dims.begin() + end}};
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
