// Operators' parameters in model files: lists of numbers come back as they went, and bad ones are refused.
#include <facenet/error.hpp>

#include "catch.hpp"
#include "io/graph_json.hpp"
#include "ops/arithmetic.hpp"
#include "ops/clip.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/maxout.hpp"
#include "ops/pad.hpp"
#include "ops/reduce.hpp"
#include "ops/reshape.hpp"
#include "ops/softmax.hpp"
#include "ops/transpose.hpp"

using namespace facenet;

namespace {

// A layer of each operator whose parameters are not those of a network of ours, none at its default.
Graph every_field() {
  Graph graph({1, 6, 5, 3});
  int last = 0;
  const auto add = [&](const std::string& name, const OperatorPtr& op, const ParameterPtr& parameter = nullptr) {
    std::vector<int> src{last};
    if (parameter) src.push_back(graph.add_parameter(parameter));
    last = graph.add_node(name, op, src);
  };
  const auto constant = [](const std::string& name, const Shape& shape) {
    auto p = std::make_shared<Parameter>();
    p->name = name;
    p->value = Tensor::zeros({shape});
    return p;
  };
  add("images", std::make_shared<ImageToTensor>());                                    // [1,3,6,5]
  add("pad", std::make_shared<Pad>(Pad::Parameters{{1, 2}, {0, 1}, -0.25F, {1, 2}}));  // [1,6,7,8]
  add("clip", std::make_shared<Clip>(Clip::Parameters{-1.5F, 2}));
  add("transpose", std::make_shared<Transpose>(Transpose::Parameters{{0, 3, 1, 2}}));
  add("softmax", std::make_shared<Softmax>(Softmax::Parameters{3}));
  add("divide", std::make_shared<Arithmetic>(Arithmetic::Kind::divide, Arithmetic::Parameters{true, true}),
      constant("c", {1, 7}));
  add("reduce", std::make_shared<Reduce>(Reduce::Kind::mean, Reduce::Parameters{{3, 1}, false}));  // [1,3]
  add("reshape", std::make_shared<Reshape>(Reshape::Parameters{{0, -1}}));
  add("maxout", std::make_shared<Maxout>(Maxout::Parameters{3}));
  return graph;
}

Json& fields_of(Json& graph, const std::string& layer) {
  for (auto& node : graph["nodes"]) {
    if (node["name"] == layer) return node["fields"];
  }
  throw Error("no layer " + layer);
}

}  // namespace

TEST_CASE("operators' parameters come back from a file as they went") {
  const Json written = graph_to_json(every_field());
  const Graph read = graph_from_json(written, "test");
  CHECK(graph_to_json(read) == written);
  Json copy = written;
  CHECK(fields_of(copy, "transpose")["permutation"] == Json({0, 3, 1, 2}));
  CHECK(fields_of(copy, "reshape")["target"] == Json({0, -1}));
  CHECK(fields_of(copy, "divide")["reversed"] == true);
}

TEST_CASE("a file whose 'add' has no fields, as older versions wrote it, is read") {
  Graph graph({1, 6, 5, 3});
  const int input[] = {0};
  const int maps = graph.add_node("images", std::make_shared<ImageToTensor>(), input);
  const int both[] = {maps, maps};
  graph.add_node("sum", std::make_shared<Arithmetic>(Arithmetic::Kind::add), both);
  Json json = graph_to_json(graph);
  fields_of(json, "sum") = Json::object();
  CHECK(graph_from_json(json, "test").nodes().back().op->name() == "add");
}

TEST_CASE("a border that has none of channels is written as it was before it could") {
  Json deeper = graph_to_json(every_field());
  CHECK(fields_of(deeper, "pad")["channels"] == Json({1, 2}));
  Graph graph({1, 6, 5, 3});
  const int input[] = {0};
  const int maps[] = {graph.add_node("images", std::make_shared<ImageToTensor>(), input)};
  graph.add_node("pad", std::make_shared<Pad>(Pad::Parameters{{1, 2}, {0, 1}, 0}), maps);
  Json json = graph_to_json(graph);
  CHECK_FALSE(fields_of(json, "pad").contains("channels"));
  CHECK(graph_to_json(graph_from_json(json, "test")) == json);
}

TEST_CASE("lists of numbers that are none, too long or out of bounds are refused") {
  const Json written = graph_to_json(every_field());
  for (const Json& bad : {Json(3), Json("0,1"), Json::object(), Json({0, 1.5}), Json({0, "1"}), Json({0, -2}),
                          Json({0, 65537}), Json({0, 1, 2, 3, 4, 5, 6}), Json::array(), Json({0, 4})}) {
    for (const auto& [layer, field] :
         {std::pair{"transpose", "permutation"}, {"reshape", "target"}, {"reduce", "axes"}}) {
      Json json = written;
      fields_of(json, layer)[field] = bad;
      INFO(layer << " " << bad.dump());
      CHECK_THROWS_AS(graph_from_json(json, "test"), FormatError);
    }
  }
}
