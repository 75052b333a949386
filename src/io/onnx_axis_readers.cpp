// Axes in another order; parts, joints and copies along one, from ONNX. Here the batch may stand behind other axes, as
// attention's queries, keys and values have it before they are taken apart: in our graph it stays the first.
#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "io/onnx_fold.hpp"
#include "io/onnx_readers.hpp"
#include "ops/concat.hpp"
#include "ops/slice.hpp"
#include "ops/transpose.hpp"

namespace facenet {
namespace {

using Kind = OnnxValue::Kind;
using Integers = std::vector<std::int64_t>;

constexpr std::size_t kMostParts = 64;

// Data as the file sees them.
struct View {
  int id;             // of our graph, the batch first
  std::size_t batch;  // where the file has it
  std::size_t rank;

  View(OnnxNode& node, std::size_t source) {
    std::tie(id, batch) = node.data_and_batch(source);
    rank = node.builder().shape(id).rank();
  }
  // Which of our axes the file's is.
  std::size_t ours(std::size_t axis) const { return axis == batch ? 0 : axis < batch ? axis + 1 : axis; }
  // One of the file's axes that is not the batch, as ours.
  std::size_t own_axis(const OnnxNode& node, std::int64_t axis) const {
    const std::size_t result = ours(node.axis(axis, rank));
    if (result == 0) node.refuse("axis " + std::to_string(axis) + " is the batch: images are treated one by one");
    return result;
  }
  // Where the file has the batch after this axis of ours is gone.
  std::size_t batch_without(std::size_t axis) const { return axis <= batch ? batch - 1 : batch; }
};

int joined(OnnxNode& node, const std::vector<int>& parts, std::size_t axis, const std::string& part) {
  if (parts.size() == 1) return parts[0];
  if (parts.size() > kMostParts) node.refuse("more than 64 parts would have to be joined");
  const Concat::Parameters p{static_cast<std::int64_t>(axis)};
  return node.add(std::make_shared<Concat>(p), parts, part);
}

// These places along the axis: slices of evenly spaced ones, joined.
int selected(OnnxNode& node, int id, std::size_t axis, const Integers& places, const std::string& part) {
  if (places.empty()) node.refuse("nothing is left along axis " + std::to_string(axis));
  const std::int64_t extent = node.builder().shape(id)[axis];
  std::vector<int> parts;
  for (std::size_t i = 0; i < places.size();) {
    const bool more = i + 1 < places.size() && places[i + 1] > places[i];
    Slice::Parameters p{.axis = static_cast<std::int64_t>(axis), .begin = places[i]};
    if (more) p.step = places[i + 1] - places[i];
    for (++i; more && i < places.size() && places[i] == places[i - 1] + p.step; ++i) ++p.count;
    const bool all = p.count == extent;
    parts.push_back(all ? id : node.add(std::make_shared<Slice>(p), {id}, part));
  }
  return joined(node, parts, axis, part.empty() ? "joined" : part + "/joined");
}

int without_axis(OnnxNode& node, int id, std::size_t axis, const std::string& part) {
  const auto dims = node.builder().shape(id).dims();
  Integers extents(dims.begin() + 1, dims.end());
  extents.erase(extents.begin() + static_cast<std::ptrdiff_t>(axis) - 1);
  return add_onnx_reshape(node, id, extents, part);
}

void transpose(OnnxNode& node) {
  const auto order = node.integers("perm");
  if (!order) node.refuse("without 'perm' it would move the batch: images are treated one by one");
  const auto source = node.value(0);
  const Integers to_maps{0, 3, 1, 2};
  if (source->kind == Kind::images && source->channels_last && *order == to_maps && node.alone(0)) {
    OnnxValue result = *source;
    result.channels_last = false;
    return node.result(std::move(result));
  }
  const View view(node, 0);
  std::vector<bool> named(view.rank);
  Integers permutation{0};
  std::size_t batch = 0;
  for (std::size_t i = 0; i < order->size(); ++i) {
    const auto from = static_cast<std::size_t>((*order)[i]);
    if (order->size() != view.rank || from >= view.rank || named[from]) node.refuse("perm must name each axis once");
    named[from] = true;
    if (from == view.batch) {
      batch = i;
    } else {
      permutation.push_back(static_cast<std::int64_t>(view.ours(from)));
    }
  }
  const bool same = std::is_sorted(permutation.begin(), permutation.end());
  node.result(same ? view.id : node.add(std::make_shared<Transpose>(Transpose::Parameters{permutation}), {view.id}),
              batch);
}

void squeeze(OnnxNode& node) {
  if (is_onnx_norm(*node.value(0))) return node.pass_on(0);
  View view(node, 0);
  const Shape data = node.builder().shape(view.id);
  const auto axes = node.list("axes", 1);
  std::vector<bool> goes(view.rank);  // of our axes
  for (std::size_t i = 1; i < view.rank && !axes; ++i) goes[i] = data[i] == 1;
  for (const auto axis : axes.value_or(Integers())) goes[view.own_axis(node, axis)] = true;
  Integers extents;
  std::size_t batch = view.batch;
  for (std::size_t i = 1; i < view.rank; ++i) {
    if (goes[i] && data[i] != 1) node.refuse("an axis of " + std::to_string(data[i]) + " places cannot go");
    if (goes[i] && i <= view.batch) --batch;
    if (!goes[i]) extents.push_back(data[i]);
  }
  node.result(add_onnx_reshape(node, view.id, extents), batch);
}

void slice(OnnxNode& node) {
  View view(node, 0);
  for (const auto& [named, start, end, step] : onnx_slices(node)) {
    const bool all = start == 0 && end >= std::numeric_limits<std::int32_t>::max() && step == 1;
    if (all) continue;
    const std::size_t axis = view.own_axis(node, named);
    const auto places = onnx_places(node, node.builder().shape(view.id)[axis], start, end, step);
    view.id = selected(node, view.id, axis, places, {});
  }
  node.result(view.id, view.batch);
}

// From a row of all images, each image its own numbers: as PyTorch's newer exporter writes another order in memory.
void gather_own(OnnxNode& node, int id) {
  const auto& places = node.constant(1);
  const std::int64_t elements = node.builder().shape(id).elements();
  const auto own = [&](std::int64_t place) { return place >= 0 && place < elements; };
  if (!places.each || places.growth != elements || !std::all_of(places.integers.begin(), places.integers.end(), own)) {
    node.refuse("it takes numbers of other images: images are treated one by one");
  }
  id = add_onnx_reshape(node, id, Integers{elements}, "row");
  id = selected(node, id, 1, places.integers, {});
  node.result(add_onnx_reshape(node, id, places.shape.dims().subspan(1), "shape"));
}

// One place, whose axis goes, or a list of them.
void gather(OnnxNode& node) {
  if (node.value(0)->kind == Kind::row && node.integer("axis", 0) == 0) return gather_own(node, node.value(0)->id);
  const View view(node, 0);
  const std::size_t axis = view.own_axis(node, node.integer("axis", 0));
  const std::int64_t extent = node.builder().shape(view.id)[axis];
  const bool single = node.constant(1).shape.rank() == 0;
  Integers places;
  for (const auto index : node.whole_numbers(1)) {
    places.push_back(static_cast<std::int64_t>(node.axis(index, static_cast<std::size_t>(extent))));
  }
  const int taken = selected(node, view.id, axis, places, single ? "place" : "");
  if (!single) return node.result(taken, view.batch);
  node.result(without_axis(node, taken, axis, {}), view.batch_without(axis));
}

// Told the sizes, or in parts of one size, of which the last may be smaller.
void split(OnnxNode& node) {
  const View view(node, 0);
  const std::size_t axis = view.own_axis(node, node.integer("axis", 0));
  const std::int64_t extent = node.builder().shape(view.id)[axis];
  const auto count = static_cast<std::int64_t>(node.results());
  if (count == 0 || count > extent) node.refuse(std::to_string(extent) + " places do not give that many parts");
  const std::int64_t even = (extent + count - 1) / count;
  const Integers sizes = node.list("split", 1).value_or(Integers(node.results(), even));
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < node.results(); ++i) {
    const std::int64_t size = i < sizes.size() ? std::min(sizes[i], extent - begin) : 0;
    if (size < 1) node.refuse("its parts do not add up to the " + std::to_string(extent) + " places there are");
    Integers places(static_cast<std::size_t>(size));
    std::iota(places.begin(), places.end(), begin);
    begin += size;
    if (node.has_result(i)) {
      node.result(selected(node, view.id, axis, places, "part" + std::to_string(i)), view.batch, i);
    }
  }
  if (begin != extent || sizes.size() != node.results()) {
    node.refuse("its parts do not add up to the " + std::to_string(extent) + " places there are");
  }
}

void concat(OnnxNode& node) {
  if (node.sources() == 0) node.refuse("it has no sources");
  const std::size_t axis = node.axis(node.integer("axis", 1), node.shape(0).rank());
  if (axis == 0) node.refuse("images cannot be joined: they are treated one by one");
  std::vector<int> src;
  for (std::size_t i = 0; i < node.sources(); ++i) src.push_back(node.data(i));
  if (src.size() == 1) return node.pass_on(0);
  node.result(node.add(std::make_shared<Concat>(Concat::Parameters{static_cast<std::int64_t>(axis)}), src));
}

// The data so many times along the axis.
int repeated(OnnxNode& node, int id, std::size_t axis, std::int64_t times) {
  if (times == 1) return id;
  if (times < 1 || times > static_cast<std::int64_t>(kMostParts)) {
    node.refuse("data can be repeated 64 times at most, not " + std::to_string(times) + " times");
  }
  return joined(node, std::vector<int>(static_cast<std::size_t>(times), id), axis, "axis" + std::to_string(axis));
}

// Often it makes nothing larger, as exporters write it around norms.
void expand(OnnxNode& node) {
  if (is_onnx_norm(*node.value(0))) return node.pass_on(0);
  const auto& target = node.whole_numbers(1);
  int id = node.data(0);
  const Shape data = node.builder().shape(id);
  if (target.size() > data.rank()) node.refuse("axes before the batch cannot be added");
  for (std::size_t i = 0; i < target.size(); ++i) {
    const std::size_t axis = data.rank() - target.size() + i;
    const bool same = target[i] == 1 || target[i] == (axis == 0 ? kOnnxBatch : data[axis]) ||
                      (axis == 0 && target[i] == node.builder().declared_batch());
    if (same) continue;
    if (axis == 0 || data[axis] != 1) node.refuse("data of shape " + data.text() + " cannot be stretched so");
    id = repeated(node, id, axis, target[i]);
  }
  node.result(id);
}

void tile(OnnxNode& node) {
  const auto& times = node.whole_numbers(1);
  int id = node.data(0);
  if (times.size() != node.builder().shape(id).rank()) node.refuse("wants a count for each axis");
  if (times[0] != 1) node.refuse("the batch cannot be repeated: images are treated one by one");
  for (std::size_t axis = 1; axis < times.size(); ++axis) id = repeated(node, id, axis, times[axis]);
  node.result(id);
}

constexpr OnnxReader kReaders[] = {
    {"Transpose", transpose}, {"Squeeze", squeeze}, {"Slice", slice},   {"Gather", gather},
    {"Split", split},         {"Concat", concat},   {"Expand", expand}, {"Tile", tile},
};

}  // namespace

std::span<const OnnxReader> onnx_axis_readers() { return kReaders; }

bool is_onnx_norm(const OnnxValue& value) {
  return value.kind == Kind::norm || value.kind == Kind::inverse_norm || value.kind == Kind::sum_square;
}

}  // namespace facenet
