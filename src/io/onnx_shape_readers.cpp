// Reshaping and padding, constants, and what does nothing, from ONNX.
#include <algorithm>
#include <cmath>

#include "io/onnx_fold.hpp"
#include "io/onnx_readers.hpp"
#include "ops/pad.hpp"
#include "ops/reshape.hpp"

namespace facenet {
namespace {

using Kind = OnnxValue::Kind;
using Integers = std::vector<std::int64_t>;

constexpr std::int64_t kLargestPad = 4096;

void pass(OnnxNode& node) { node.pass_on(0); }

void dropout(OnnxNode& node) {
  const auto training = node.scalar(2);
  if (training && *training != 0) node.refuse("it is in training mode: export the network for inference");
  node.pass_on(0);
}

void cast(OnnxNode& node) {
  const auto to = node.integer("to", onnx::TensorProto::FLOAT);
  if (to != onnx::TensorProto::FLOAT && to != onnx::TensorProto::FLOAT16 && to != onnx::TensorProto::DOUBLE &&
      to != onnx::TensorProto::BFLOAT16) {
    node.refuse("data can become floats only, not type " + std::to_string(to));
  }
  node.pass_on(0);
}

void constant(OnnxNode& node) {
  OnnxConstant result;
  if (const auto* tensor = node.attribute("value")) {
    result = node.builder().attribute(tensor->t(), node.what());
  } else if (const auto* whole = node.attribute("value_int")) {
    result = {.whole = true, .integers = {whole->i()}};
  } else if (const auto* list = node.attribute("value_ints")) {
    result = {.shape = {list->ints_size()}, .whole = true, .integers = {list->ints().begin(), list->ints().end()}};
  } else if (const auto* number = node.attribute("value_float")) {
    const float value = number->f();
    result = {.floats = Tensor::from({}, std::span(&value, 1))};
  } else if (const auto* numbers = node.attribute("value_floats")) {
    const std::vector<float> values(numbers->floats().begin(), numbers->floats().end());
    result = {.shape = {numbers->floats_size()}, .floats = Tensor::from({numbers->floats_size()}, values)};
  } else {
    node.refuse("its value is of a kind that cannot be imported");
  }
  node.result(std::move(result));
}

void shape_of(OnnxNode& node) {
  const auto source = node.value(0);
  Integers dims;
  if (source->kind == Kind::images) {
    const Shape& images = node.builder().graph().input_shape();
    dims = source->channels_last ? Integers{0, images[1], images[2], 3} : Integers{0, 3, images[1], images[2]};
  } else {
    const bool held = is_onnx_norm(*source) || source->kind == Kind::moved;
    const Shape& shape = held ? node.builder().shape(source->id) : node.shape(0);
    dims.assign(shape.dims().begin(), shape.dims().end());
    if (is_onnx_norm(*source)) dims[source->axis] = 1;
  }
  dims[0] = kOnnxBatch;
  if (source->kind == Kind::moved) {
    std::rotate(dims.begin(), dims.begin() + 1, dims.begin() + static_cast<std::ptrdiff_t>(source->axis) + 1);
  }
  node.result(onnx_shape(node, std::move(dims)));
}

void flatten(OnnxNode& node) {
  const Shape data = node.shape(0);
  const std::size_t axis = node.integer("axis", 1) == static_cast<std::int64_t>(data.rank())
                               ? data.rank()
                               : node.axis(node.integer("axis", 1), data.rank());
  if (axis != 1) node.refuse("only axis 1 can be imported: images are treated one by one");
  node.result(add_onnx_reshape(node, node.data(0), std::array<std::int64_t, 1>{data.elements()}));
}

// The batch stays first, whatever its size: as 0, as its own size, as -1 where the others take all of an image.
void reshape(OnnxNode& node) {
  const auto target = node.list("shape", 1);
  if (!target || target->empty()) node.refuse("it does not say the shape");
  if (is_onnx_norm(*node.value(0))) return node.pass_on(0);
  if (*target == Integers{-1}) return node.result(OnnxValue{.kind = Kind::row, .id = node.data(0)});
  Integers extents = *target;
  const std::int64_t batch = extents[0];
  const bool zero_is_zero = node.integer("allowzero", 0) != 0;
  const bool fixed = batch > 0 && batch == node.builder().declared_batch();
  if (batch != kOnnxBatch && batch != -1 && !fixed && !(batch == 0 && !zero_is_zero)) {
    node.refuse("it sets the batch to " + std::to_string(batch) + ": images are treated one by one");
  }
  extents[0] = 1;
  const Shape result = onnx_reshaped(node, node.shape(0), extents, zero_is_zero);
  node.result(add_onnx_reshape(node, node.data(0), result.dims().subspan(1)));
}

void unsqueeze(OnnxNode& node) {
  if (is_onnx_norm(*node.value(0))) return node.pass_on(0);
  const Shape data = node.shape(0);
  const auto axes = node.list("axes", 1);
  if (!axes || data.rank() + axes->size() > Shape::kMaxRank) node.refuse("wants axes, six at most in all");
  const std::size_t rank = data.rank() + axes->size();
  std::vector<bool> added(rank);
  for (const auto axis : *axes) added[node.axis(axis, rank)] = true;
  if (added[0] || static_cast<std::size_t>(std::count(added.begin(), added.end(), true)) != axes->size()) {
    node.refuse("an axis before the batch, or one twice, cannot be added");
  }
  Integers extents;
  std::size_t next = 1;
  for (std::size_t i = 1; i < rank; ++i) extents.push_back(added[i] ? 1 : data[next++]);
  node.result(add_onnx_reshape(node, node.data(0), extents));
}

// Borders of maps. Channels are padded as rows of a map that has all channels below each other.
void pad(OnnxNode& node) {
  if (node.text("mode", "constant") != "constant") node.refuse("only padding with a constant can be imported");
  const Shape data = node.shape(0);
  if (data.rank() != 4) node.refuse("its data have the shape " + data.text() + "; maps [N,C,H,W] are expected");
  const auto given = node.list("pads", 1);
  const Integers axes = node.has(3) ? node.whole_numbers(3) : Integers{0, 1, 2, 3};
  if (!given || given->size() != 2 * axes.size()) node.refuse("wants two paddings for each axis");
  std::array<std::int64_t, 4> begin{};
  std::array<std::int64_t, 4> end{};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = node.axis(axes[i], 4);
    begin[axis] = (*given)[i];
    end[axis] = (*given)[i + axes.size()];
    for (const auto amount : {begin[axis], end[axis]}) {
      if (amount < 0 || amount > kLargestPad) {
        node.refuse("its padding of " + std::to_string(amount) + " cannot be imported; 0 to 4096 are allowed");
      }
    }
  }
  if (begin[0] != 0 || end[0] != 0) node.refuse("the batch cannot be padded: images are treated one by one");
  const auto value = node.has(2) ? node.scalar(2) : node.number("value", 0);
  if (!value || !std::isfinite(*value)) node.refuse("its value must be a constant number");
  int id = node.data(0);
  if (std::ranges::count(begin, 0) + std::ranges::count(end, 0) < 8) {
    const Pad::Parameters p{{begin[2], begin[3]}, {end[2], end[3]}, *value, {begin[1], end[1]}};
    id = node.add(std::make_shared<Pad>(p), {id});
  }
  node.result(id);
}

constexpr OnnxReader kReaders[] = {
    {"Identity", pass},   {"Dropout", dropout}, {"Cast", cast},           {"Constant", constant}, {"Shape", shape_of},
    {"Flatten", flatten}, {"Reshape", reshape}, {"Unsqueeze", unsqueeze}, {"Pad", pad},
};

}  // namespace

std::span<const OnnxReader> onnx_shape_readers() { return kReaders; }

int add_onnx_reshape(OnnxNode& node, int src, std::span<const std::int64_t> extents, const std::string& part) {
  const auto now = node.builder().shape(src).dims().subspan(1);
  if (std::equal(now.begin(), now.end(), extents.begin(), extents.end())) return src;
  Integers target{0};
  target.insert(target.end(), extents.begin(), extents.end());
  if (target.size() > Shape::kMaxRank) node.refuse("has more than six axes");
  return node.add(std::make_shared<Reshape>(Reshape::Parameters{target}), {src}, part);
}

void read_onnx_node(OnnxNode& node) {
  if (fold_onnx_node(node)) return;
  std::vector<std::string_view> known = onnx_folded_types();
  for (const auto readers : {onnx_layer_readers(), onnx_matrix_readers(), onnx_arithmetic_readers(),
                             onnx_shape_readers(), onnx_axis_readers()}) {
    for (const auto& reader : readers) {
      if (reader.type == node.type()) return reader.read(node);
      known.push_back(reader.type);
    }
  }
  const bool folded = std::find(known.begin(), known.end(), node.type()) != known.end();
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  std::string list;
  for (const auto type : known) list += (list.empty() ? "" : ", ") + std::string(type);
  if (folded) node.refuse("this operator can be imported only where all of its sources are constants");
  node.refuse("this operator cannot be imported. Those that can: " + list);
}

}  // namespace facenet
