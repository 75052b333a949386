// What a graph and a tape say when shapes do not fit: the layer, its operator, both shapes.
#include "graph/graph.hpp"

#include <facenet/error.hpp>

#include "autograd/tape.hpp"
#include "catch.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/registry.hpp"

namespace facenet {
namespace {

ParameterPtr parameter(const Shape& shape) {
  auto p = std::make_shared<Parameter>();
  p->value = Tensor::zeros({shape});
  return p;
}

template <typename Function>
std::string message_of(Function&& function) {
  try {
    function();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("a layer that does not fit is named, with its operator and both shapes") {
  struct Case {
    std::string op;
    std::vector<Shape> parameters;
    std::vector<std::string> said;
  };
  // Each reads maps [1,3,8,9].
  const std::vector<Case> cases{{"convolution", {{4, 5, 3, 3}, {4}}, {"convolution: ", "[1,3,8,9]", "[4,5,3,3]"}},
                                {"linear", {{7, 200}, {7}}, {"linear: ", "[1,3,8,9]", "[7,200]"}},
                                {"batch_norm", {{3}, {3}, {4}, {3}}, {"batch_norm: ", "[1,3,8,9]", "[4]"}},
                                {"prelu", {{4}}, {"prelu: ", "[1,3,8,9]", "[4]"}},
                                {"layer_norm", {{9}, {9}}, {"layer_norm: ", "[1,3,8,9]", "[9]"}},
                                {"maxout", {}, {"maxout: ", "[1,3,8,9]", "2 pieces"}}};
  for (const auto& c : cases) {
    Graph graph({1, 8, 9, 3});
    const int input[] = {0};
    std::vector<int> src{graph.add_node("images", std::make_shared<ImageToTensor>(), input)};
    Tape tape({.mode = {.training = true}});
    const OperatorPtr images = std::make_shared<ImageToTensor>();
    const Variable bytes[] = {tape.input(Tensor::zeros({{1, 8, 9, 3}, DataType::u8}))};
    std::vector<Variable> variables{tape.apply("images", images, bytes)};
    for (const auto& shape : c.parameters) {
      src.push_back(graph.add_parameter(parameter(shape)));
      variables.push_back(tape.parameter(parameter(shape)));
    }
    const OperatorPtr op = make_operator(c.op);
    for (const auto& message : {message_of([&] { graph.add_node("block3/odd", op, src); }),
                                message_of([&] { tape.apply("block3/odd", op, variables); })}) {
      INFO(message);
      CHECK(message.find("layer 'block3/odd': ") == 0);
      for (const auto& part : c.said) CHECK(message.find(part) != std::string::npos);
    }
    CHECK(graph.nodes().size() == 1);  // what was refused left nothing behind
  }
}

TEST_CASE("two sources that do not fit: both shapes stand in the message") {
  Graph graph({1, 8, 8, 3});
  const int input[] = {0};
  const int maps = graph.add_node("images", std::make_shared<ImageToTensor>(), input);
  const int one[] = {maps};
  const int pooled = graph.add_node("pool", make_operator("max_pool"), one);
  const int both[] = {maps, pooled};
  for (const std::string name : {"add", "subtract", "multiply", "divide", "concat"}) {
    const std::string message = message_of([&] { graph.add_node("join", make_operator(name), both); });
    INFO(message);
    CHECK(message.find("layer 'join': " + name + ": ") == 0);
    CHECK(message.find("[1,3,8,8], [1,3,6,6]") != std::string::npos);
  }
}

}  // namespace facenet
