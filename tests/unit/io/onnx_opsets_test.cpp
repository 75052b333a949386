// What differs between ONNX's operator sets 9 to 21: the same said in the words of each gives the same embeddings.
#ifdef FACENET_HAVE_ONNX
#include <functional>
#include <set>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/importers.hpp"
#include "networks.hpp"
#include "onnx_file.hpp"

namespace facenet {
namespace {

using test::OnnxFile;
using test::set;
using Edit = std::function<void(OnnxFile&)>;
using Integers = std::vector<std::int64_t>;

// In words of the operator sets from `first` to `last`, of which both are tried.
struct Wording {
  std::int64_t first, last;
  Edit edit;
};

Graph imported(std::int64_t operator_set, const Edit& edit) {
  OnnxFile file;
  file.model.mutable_opset_import(0)->set_version(operator_set);
  edit(file);
  return import_source({file.bytes(), "'x.onnx'", std::nullopt}, {}).graph;
}

void check_alike(std::initializer_list<Wording> wordings) {
  const auto images = test::random_images(imported(17, [](OnnxFile&) {}), 2, 3);
  const auto untouched = test::tape_embeddings(imported(17, [](OnnxFile&) {}), images);
  std::vector<float> expected;
  for (const auto& wording : wordings) {
    for (const auto operator_set : {wording.first, wording.last}) {
      INFO("operator set " << operator_set);
      const auto embeddings = test::tape_embeddings(imported(operator_set, wording.edit), images);
      if (expected.empty()) expected = embeddings;
      CHECK(test::largest_difference(embeddings, expected) < 2e-6F);
    }
  }
  CHECK(test::largest_difference(expected, untouched) > 1e-3F);  // it does something
}

// Nodes given one after the other: type, further sources, what else they are told.
struct Step {
  std::string type;
  std::vector<std::string> more{};
  std::function<void(onnx::NodeProto&)> tell = [](onnx::NodeProto&) {};
};
Edit chain(
    std::vector<Step> steps, const Edit& first = [](OnnxFile&) {}) {
  return [=](OnnxFile& f) {
    first(f);
    std::string last = "maps";
    for (const auto& step : steps) {
      std::vector<std::string> src{last};
      src.insert(src.end(), step.more.begin(), step.more.end());
      last += "'";
      step.tell(f.node(step.type, src, last));
    }
    f.move_between(static_cast<int>(steps.size()), last);
  };
}

auto told(const std::string& name, std::initializer_list<std::int64_t> values) {
  return [name, list = Integers(values)](onnx::NodeProto& n) {
    set(n, name, {});
    for (auto& each : *n.mutable_attribute()) {
      if (each.name() != name) continue;
      for (const auto value : list) each.add_ints(value);
    }
  };
}

Edit whole(const std::string& name, const Integers& values) {
  return [=](OnnxFile& f) { f.whole(name, values); };
}

}  // namespace

TEST_CASE("operator sets: limits of Clip and values of Pad are attributes, then sources") {
  check_alike({{7, 10,
                chain({{"Clip",
                        {},
                        [](auto& n) {
                          set(n, "min", -20.0F);
                          set(n, "max", 30.0F);
                        }}})},
               {11, 21, chain({{"Clip", {"low", "high"}}}, [](OnnxFile& f) {
                  f.weights("low", {}, -20);
                  f.weights("high", {}, 30);
                })}});
  check_alike({{7, 10,
                chain({{"Pad",
                        {},
                        [](auto& n) {
                          told("pads", {0, 0, 1, 2, 0, 0, 0, 1})(n);
                          set(n, "value", 50.0F);
                        }}})},
               {11, 21,
                chain({{"Pad", {"pads", "value"}}},
                      [](OnnxFile& f) {
                        f.whole("pads", {0, 0, 1, 2, 0, 0, 0, 1});
                        f.weights("value", {}, 50);
                      })},
               {18, 21, chain({{"Pad", {"pads", "value", "axes"}}}, [](OnnxFile& f) {
                  f.whole("pads", {2, 1, 1, 0});
                  f.whole("axes", {-1, 2});
                  f.weights("value", {}, 50);
                })}});
}

TEST_CASE("operator sets: axes of Squeeze and Unsqueeze, and how Slice and Split are told") {
  const Step rest{"Relu"};
  check_alike({{7, 12, chain({{"Unsqueeze", {}, told("axes", {2, 5})}, rest, {"Squeeze", {}, told("axes", {-1, 2})}})},
               {13, 21, chain({{"Unsqueeze", {"in"}}, rest, {"Squeeze", {"out"}}}, [](OnnxFile& f) {
                  f.whole("in", {5, 2});
                  f.whole("out", {2, 5});
                })}});
  check_alike({{7, 9,
                chain({{"Slice",
                        {},
                        [](auto& n) {
                          told("starts", {1, -3})(n);
                          told("ends", {9999, -1})(n);
                          told("axes", {2, 3})(n);
                        }}})},
               {10, 21, chain({{"Slice", {"starts", "ends", "axes"}}}, [](OnnxFile& f) {
                  f.whole("starts", {1, -3});
                  f.whole("ends", {9999, -1});
                  f.whole("axes", {-2, 3});
                })}});
  const auto halves = [](const std::vector<std::string>& more, const Integers& told_sizes, std::int64_t parts,
                         const Edit& first) {
    return [=](OnnxFile& f) {
      first(f);
      std::vector<std::string> src{"maps"};
      src.insert(src.end(), more.begin(), more.end());
      auto& split = f.node("Split", src, "front");
      split.add_output("back");
      set(split, "axis", std::int64_t{-1});
      if (parts > 0) set(split, "num_outputs", parts);
      if (!told_sizes.empty()) told("split", {3, 5})(split);
      f.node("Relu", {"front"}, "changed");
      set(f.node("Concat", {"back", "changed"}, "joined"), "axis", std::int64_t{3});
      f.move_between(3, "joined");
    };
  };
  check_alike(
      {{7, 12, halves({}, {3, 5}, 0, [](OnnxFile&) {})}, {13, 21, halves({"sizes"}, {}, 0, whole("sizes", {3, 5}))}});
  check_alike({{7, 17, halves({}, {}, 0, [](OnnxFile&) {})}, {18, 21, halves({}, {}, 2, [](OnnxFile&) {})}});
}

TEST_CASE("operator sets: axes of reductions are attributes, then sources") {
  const Step rest{"Sigmoid"};  // what follows is linear: a mean alone would not show
  for (const char* type : {"ReduceMean", "ReduceMax", "ReduceL2", "ReduceSumSquare"}) {
    INFO(type);
    check_alike({{7, 17, chain({{type, {}, told("axes", {2})}, rest})},
                 {18, 21, chain({{type, {"axes"}}, rest}, whole("axes", {-2}))}});
  }
  check_alike({{7, 12, chain({{"ReduceSum", {}, told("axes", {3, 2})}, rest})},
               {13, 21, chain({{"ReduceSum", {"axes"}}, rest}, whole("axes", {2, 3}))}});
  // With nothing to reduce, and told so, it does nothing.
  check_alike(
      {{13, 21,
        chain({{"ReduceSum", {"none"}, [](auto& n) { set(n, "noop_with_empty_axes", std::int64_t{1}); }}, {"Relu"}},
              whole("none", {}))},
       {7, 21, chain({{"Relu"}})}});
}

TEST_CASE("operator sets: Softmax was over all axes from the given one on, and from the first by default") {
  check_alike({{7, 12, chain({{"Softmax", {}, [](auto& n) { set(n, "axis", std::int64_t{3}); }}})},
               {13, 21, chain({{"Softmax"}})}});
  const auto embedding = [](std::int64_t operator_set) {
    return imported(operator_set, [](OnnxFile& f) {
      f.node("Softmax", {"embedding"}, "shares");
      f.graph().mutable_output(0)->set_name("shares");
    });
  };
  const Graph older = embedding(11);
  const auto images = test::random_images(older, 2, 3);
  CHECK(test::tape_embeddings(older, images) == test::tape_embeddings(embedding(13), images));
  CHECK_THROWS_AS(imported(12, chain({{"Softmax"}})), FormatError);  // over channels and pixels together
}

TEST_CASE("operator sets: what later ones have a node for, and earlier ones write out") {
  const auto numbers = [](OnnxFile& f) {
    f.weights("root", {}, 1.41421356F);
    f.weights("one", {}, 1);
    f.weights("half", {}, 0.5F);
    f.weights("two", {}, 2);
    f.weights("epsilon", {}, 1e-3F);
    f.weights("scale", {8}, 1);
    f.weights("shift", {8}, 2);
  };
  const Edit gelu = [&](OnnxFile& f) {
    numbers(f);
    f.node("Div", {"maps", "root"}, "g1");
    f.node("Erf", {"g1"}, "g2");
    f.node("Add", {"g2", "one"}, "g3");
    f.node("Mul", {"maps", "g3"}, "g4");
    f.node("Mul", {"g4", "half"}, "g5");
    f.move_between(5, "g5");
  };
  check_alike({{9, 21, gelu}, {20, 21, chain({{"Gelu"}})}});
  const Edit norm = [&](OnnxFile& f) {
    numbers(f);
    f.node("ReduceMean", {"maps"}, "n1");
    f.node("Sub", {"maps", "n1"}, "n2");
    f.node("Pow", {"n2", "two"}, "n3");
    f.node("ReduceMean", {"n3"}, "n4");
    for (const char* name : {"n1", "n4"}) set(f.named(name), "axes", {-1});
    f.node("Add", {"n4", "epsilon"}, "n5");
    f.node("Sqrt", {"n5"}, "n6");
    f.node("Div", {"n2", "n6"}, "n7");
    f.node("Mul", {"n7", "scale"}, "n8");
    f.node("Add", {"n8", "shift"}, "n9");
    f.node("Relu", {"n9"}, "n10");
    f.move_between(10, "n10");
  };
  check_alike({{9, 17, norm},
               {17, 21,
                chain({{"LayerNormalization", {"scale", "shift"}, [](auto& n) { set(n, "epsilon", 1e-3F); }}, {"Relu"}},
                      numbers)}});
  // Both are known again for what they are.
  const auto operators = [](const Graph& graph) {
    std::multiset<std::string> names;
    for (const auto& node : graph.nodes()) names.emplace(node.op->name());
    return names;
  };
  CHECK(operators(imported(9, gelu)) == operators(imported(20, chain({{"Gelu"}}))));
  CHECK(operators(imported(9, norm)).count("layer_norm") == 1);
  CHECK(operators(imported(9, norm)).count("square_root") == 0);
}

TEST_CASE("operator sets: dropout, batch normalisation, gates and shapes") {
  check_alike({{7, 11, chain({{"Dropout", {}, [](auto& n) { set(n, "ratio", 0.5F); }}, {"Relu"}})},
               {12, 21, chain({{"Dropout", {"ratio", "training"}}, {"Relu"}}, [](OnnxFile& f) {
                  f.weights("ratio", {}, 0.5F);
                  f.weights("training", {}, 0);
                })}});
  const Edit statistics = [](OnnxFile& f) {
    f.weights("g", {4}, 1);
    f.weights("b", {4}, 30);
    f.weights("m", {4}, 2);
    f.weights("v", {4}, 3);
  };
  const std::vector<std::string> all{"g", "b", "m", "v"};
  check_alike(
      {{7, 8, chain({{"BatchNormalization", all, [](auto& n) { set(n, "spatial", std::int64_t{1}); }}}, statistics)},
       {9, 13, chain({{"BatchNormalization", all}}, statistics)},
       {14, 21,
        chain({{"BatchNormalization", all, [](auto& n) { set(n, "training_mode", std::int64_t{0}); }}}, statistics)}});
  check_alike({{14, 21, chain({{"HardSwish"}})}, {7, 21, [](OnnxFile& f) {
                                                    set(f.node("HardSigmoid", {"maps"}, "gate"), "alpha", 1.0F / 6);
                                                    f.node("Mul", {"maps", "gate"}, "gated");
                                                    f.move_between(2, "gated");
                                                  }}});
  const Edit shapes = [](OnnxFile& f) {
    f.whole("rows", {0, 8, -1});
    f.whole("any", {-1, 8, 32});
    f.whole("back", {0, 4, 8, 8});
  };
  check_alike({{7, 21, chain({{"Reshape", {"rows"}}, {"Relu"}, {"Reshape", {"back"}}}, shapes)},
               {14, 21,
                chain({{"Reshape", {"any"}, [](auto& n) { set(n, "allowzero", std::int64_t{1}); }},
                       {"Relu"},
                       {"Reshape", {"back"}}},
                      shapes)}});
}

TEST_CASE("numbers of each image gathered from a row of all, as PyTorch's newer exporter writes another memory order") {
  const auto gathered = [](std::int64_t each) {
    return [=](OnnxFile& f) {
      f.whole("-1", {-1});
      f.whole("axes", {1, 2, 3});
      for (const auto& [name, value] : {std::pair<std::string, std::int64_t>{"0", 0}, {"1", 1}, {"each", each}}) {
        f.whole(name, {value}).clear_dims();
      }
      auto& places = f.whole("places", Integers(256));
      places.clear_dims();
      for (const auto extent : {1, 4, 8, 8}) places.add_dims(extent);
      for (int i = 0; i < 256; ++i) places.set_int64_data(i, i ^ 192);  // channels the other way round, by pairs
      f.node("Reshape", {"maps", "-1"}, "row");
      f.node("Shape", {"maps"}, "extents");
      f.node("Gather", {"extents", "0"}, "batch");
      f.node("Range", {"0", "batch", "1"}, "images");
      f.node("Mul", {"images", "each"}, "begins");
      f.node("Unsqueeze", {"begins", "axes"}, "begin");
      f.node("Add", {"begin", "places"}, "all");
      f.node("Gather", {"row", "all"}, "turned");
      f.move_between(8, "turned");
    };
  };
  check_alike({{13, 21, gathered(256)}, {13, 21, [](OnnxFile& f) {
                                           f.whole("order", {3, 2, 1, 0});
                                           set(f.node("Gather", {"maps", "order"}, "turned"), "axis", std::int64_t{1});
                                           f.move_between(1, "turned");
                                         }}});
  CHECK_THROWS_WITH(imported(17, gathered(255)), test::Contains("numbers of other images"));
}

TEST_CASE("operator sets: Shape takes a part since 15") {
  const auto ask = [](const Edit& extents) {
    return [=](OnnxFile& f) {
      f.whole("rest", {-1});
      f.whole("zero", {0});
      f.whole("two", {2});
      extents(f);
      set(f.node("Concat", {"front", "rest"}, "shape"), "axis", std::int64_t{0});
      f.node("Reshape", {"maps", "shape"}, "flat");
      f.node("Relu", {"flat"}, "changed");
      f.node("Shape", {"maps"}, "all");
      f.node("Reshape", {"changed", "all"}, "back");
      f.move_between(f.graph().node_size() - 5, "back");
    };
  };
  check_alike({{10, 21, ask([](OnnxFile& f) {
                  f.node("Shape", {"maps"}, "extents");
                  f.node("Slice", {"extents", "zero", "two"}, "front");
                })},
               {15, 21, ask([](OnnxFile& f) { set(f.node("Shape", {"maps"}, "front"), "end", std::int64_t{2}); })}});
}

}  // namespace facenet
#endif
