// Data taken apart, moved and multiplied with each other, as attention has it: against the same said more simply; and
// an attention as a whole, which is trained, folded and exported like any network.
#ifdef FACENET_HAVE_ONNX
#include <algorithm>
#include <cmath>
#include <functional>

#include <facenet/error.hpp>

#include "autograd/tape.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "graph/passes/passes.hpp"
#include "io/importers.hpp"
#include "io/onnx_export.hpp"
#include "networks.hpp"
#include "onnx_file.hpp"

namespace facenet {
namespace {

using test::OnnxFile;
using test::set;
using Edit = std::function<void(OnnxFile&)>;

ModelData imported(const Edit& edit) {
  OnnxFile file;
  file.whole("0", {0});
  file.whole("1", {1});
  file.whole("2", {2});
  file.whole("two", {2}).clear_dims();
  edit(file);
  return import_source({file.bytes(), "'x.onnx'", std::nullopt}, {});
}

// Nodes that end in "end" do the same as those of the other list.
void check_alike(int count, const Edit& edit, int other_count, const Edit& other) {
  const auto between = [](int nodes, const Edit& add) {
    return imported([&](OnnxFile& f) {
      add(f);
      f.move_between(nodes, "end");
    });
  };
  const Graph graph = between(count, edit).graph;
  const auto images = test::random_images(graph, 3, 4);
  const auto embeddings = test::tape_embeddings(graph, images);
  CHECK(test::largest_difference(embeddings, test::tape_embeddings(between(other_count, other).graph, images)) < 1e-6F);
  const auto untouched = test::tape_embeddings(imported([](OnnxFile&) {}).graph, images);
  CHECK(test::largest_difference(embeddings, untouched) > 1e-3F);
}

// Channels of the maps' last two, in maps of two channels that the pooling's reader, a linear layer of four, sees
// twice.
void twice(OnnxFile& f, const std::string& from) {
  set(f.node("Concat", {from, from}, "end"), "axis", std::int64_t{1});
}

void attention(OnnxFile& f) {
  f.whole("flat", {0, 4, 64});
  f.whole("parted", {0, 64, 3, 2, 2});
  f.whole("rows", {0, 64, 4});
  f.whole("maps again", {0, 4, 8, 8});
  f.weights("qkv.weight", {4, 12}, 0.02F);
  f.weights("qkv.bias", {12}, 0.3F);
  f.weights("temperature", {2, 1, 1}, 2);
  f.weights("scale", {4}, 1.5F);
  f.weights("shift", {4}, 0.2F);
  f.weights("tiny", {}, 1e-12F);
  f.node("Reshape", {"maps", "flat"}, "a");
  set(f.node("Transpose", {"a"}, "tokens"), "perm", {0, 2, 1});
  f.node("MatMul", {"tokens", "qkv.weight"}, "b");
  f.node("Add", {"b", "qkv.bias"}, "qkv");
  f.node("Reshape", {"qkv", "parted"}, "c");
  set(f.node("Transpose", {"c"}, "d"), "perm", {2, 0, 3, 4, 1});
  auto& split = f.node("Split", {"d"}, "q'");
  split.add_output("k'");
  split.add_output("v'");
  for (const std::string name : {"q", "k", "v"}) f.node("Squeeze", {name + "'", "0"}, name);
  for (const std::string name : {"q", "k"}) {
    set(f.node("ReduceL2", {name}, name + " norm"), "axes", {-1});
    f.node("Clip", {name + " norm", "tiny"}, name + " limited");
    f.node("Shape", {name}, name + " shape");
    f.node("Expand", {name + " limited", name + " shape"}, name + " wide");
    f.node("Div", {name, name + " wide"}, name + " unit");
  }
  set(f.node("Transpose", {"k unit"}, "turned"), "perm", {0, 1, 3, 2});
  f.node("MatMul", {"q unit", "turned"}, "e");
  f.node("Mul", {"e", "temperature"}, "g");
  set(f.node("Softmax", {"g"}, "shares"), "axis", std::int64_t{-1});
  f.node("MatMul", {"shares", "v"}, "h");
  set(f.node("Transpose", {"h"}, "i"), "perm", {0, 3, 1, 2});
  f.node("Reshape", {"i", "rows"}, "j");
  f.node("Add", {"j", "tokens"}, "k sum");
  f.node("LayerNormalization", {"k sum", "scale", "shift"}, "l");
  f.node("Sigmoid", {"l"}, "m");
  set(f.node("Transpose", {"m"}, "n"), "perm", {0, 2, 1});
  f.node("Reshape", {"n", "maps again"}, "end");
  f.move_between(32, "end");
}

}  // namespace

TEST_CASE("onnx: behind a moved batch, parts are those that they are in front of it") {
  const Edit plain = [](OnnxFile& f) {
    f.node("Slice", {"maps", "1", "2", "1"}, "p");
    twice(f, "p");
    f.named("end").add_input("p");
    f.named("end").add_input("p");
  };
  const auto four = [](OnnxFile& f, const std::string& from) {
    twice(f, from);
    f.named("end").add_input(from);
    f.named("end").add_input(from);
  };
  check_alike(
      4,
      [&](OnnxFile& f) {  // [4,N,8,8]: one place, whose axis goes
        f.whole("one", {1}).clear_dims();
        set(f.node("Transpose", {"maps"}, "a"), "perm", {1, 0, 2, 3});
        f.node("Gather", {"a", "one"}, "b");
        f.node("Unsqueeze", {"b", "1"}, "c");
        four(f, "c");
      },
      2, plain);
  check_alike(
      7,
      [&](OnnxFile& f) {  // [4,8,N,8], sliced, and the axis squeezed
        set(f.node("Transpose", {"maps"}, "a"), "perm", {1, 2, 0, 3});
        f.node("Slice", {"a", "1", "2", "0"}, "b");
        f.node("Squeeze", {"b", "0"}, "c");  // [8,N,8]
        set(f.node("Transpose", {"c"}, "d"), "perm", {1, 0, 2});
        f.node("Unsqueeze", {"d", "1"}, "e");
        f.node("Identity", {"e"}, "g");
        four(f, "g");
      },
      2, plain);
}

TEST_CASE("onnx: parts, copies and stretched data") {
  const Edit swapped = [](OnnxFile& f) {
    f.whole("order", {2, 3, 0, 1});
    set(f.node("Gather", {"maps", "order"}, "end"), "axis", std::int64_t{1});
  };
  check_alike(
      2,
      [](OnnxFile& f) {
        set(f.node("Split", {"maps"}, "a"), "axis", std::int64_t{1});
        f.named("a").add_output("b");
        set(f.node("Concat", {"b", "a"}, "end"), "axis", std::int64_t{-3});
      },
      1, swapped);
  const Edit copied = [](OnnxFile& f) {
    f.node("Slice", {"maps", "0", "2", "1"}, "a");
    twice(f, "a");
  };
  check_alike(
      2,
      [](OnnxFile& f) {
        f.whole("times", {1, 2, 1, 1});
        f.node("Slice", {"maps", "0", "2", "1"}, "a");
        f.node("Tile", {"a", "times"}, "end");
      },
      2, copied);
  check_alike(
      3,
      [](OnnxFile& f) {
        f.whole("all", {8});
        f.node("Slice", {"maps", "1", "all", "2", "2"}, "a");
        f.node("Sigmoid", {"a"}, "b");
        f.node("Identity", {"b"}, "end");
      },
      3,
      [](OnnxFile& f) {
        f.whole("odd", {7, 5, 3, 1});
        set(f.node("Gather", {"maps", "odd"}, "a"), "axis", std::int64_t{2});
        f.node("Sigmoid", {"a"}, "b");
        f.node("Identity", {"b"}, "end");
      });
  check_alike(
      3,
      [](OnnxFile& f) {
        f.whole("wide", {4, 8, 8});
        f.node("Slice", {"maps", "1", "2", "1"}, "a");
        f.node("Expand", {"a", "wide"}, "b");
        f.node("Sigmoid", {"b"}, "end");
      },
      3,
      [](OnnxFile& f) {
        f.node("Slice", {"maps", "1", "2", "1"}, "a");
        f.node("Sigmoid", {"a"}, "b");
        set(f.node("Concat", {"b", "b", "b", "b"}, "end"), "axis", std::int64_t{1});
      });
}

TEST_CASE("onnx: an attention is trained, folded, and exported and imported again") {
  const ModelData model = imported(attention);
  const auto count = [&](const std::string& op) {
    return std::count_if(model.graph.nodes().begin(), model.graph.nodes().end(),
                         [&](const auto& node) { return node.op->name() == op; });
  };
  CHECK(count("matmul") == 2);
  CHECK(count("linear") == 2);
  CHECK(count("layer_norm") == 1);
  CHECK(count("l2_normalize") == 3);  // queries, keys, and the embedding
  CHECK(count("slice") == 3);
  const auto images = test::random_images(model.graph, 3, 4);
  const auto embeddings = test::tape_embeddings(model.graph, images);
  CHECK(test::largest_difference(test::tape_embeddings(passes::optimised(model.graph), images), embeddings) < 1e-6F);

  const test::ScratchFolder scratch;
  export_onnx(scratch / "a.onnx", model, "f");
  const ModelData again = import_file(scratch / "a.onnx", {});
  CHECK(test::largest_difference(test::tape_embeddings(again.graph, images), embeddings) < 1e-6F);
  CHECK(again.graph.nodes().size() == model.graph.nodes().size());

  Tape tape({.mode = {.training = true, .seed = 1}});
  Tensor pixels({model.graph.input_shape().with_batch(3), DataType::u8, Layout::plain});
  std::copy(images.begin(), images.end(), static_cast<std::uint8_t*>(pixels.raw()));
  const Variable dst = model.graph.forward(tape, tape.input(pixels));
  Tensor cotangent(TensorSpec{tape.shape(dst)});
  float value = -1;
  for (auto& each : cotangent.floats()) each = value = value > 1 ? -0.9F : value + 0.37F;
  tape.backward(dst, cotangent);
  for (const auto& parameter : model.graph.parameters()) {
    INFO(parameter->name);
    if (parameter->buffer) continue;
    REQUIRE(parameter->gradient);
    const auto gradient = parameter->gradient.floats();
    CHECK(std::all_of(gradient.begin(), gradient.end(), [](float g) { return std::isfinite(g); }));
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](float g) { return g != 0; }));
  }
}

}  // namespace facenet
#endif
