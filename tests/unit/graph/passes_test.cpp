// Each pass: what it changes, what it leaves alone, and that the numbers stay.
#include "graph/passes/passes.hpp"

#include <algorithm>

#include "catch.hpp"
#include "kernels/convolution.hpp"
#include "networks.hpp"
#include "ops/arithmetic.hpp"
#include "ops/batch_norm.hpp"
#include "ops/convolution.hpp"
#include "ops/dropout.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/linear.hpp"
#include "ops/pool.hpp"
#include "ops/prelu.hpp"
#include "ops/relu.hpp"

namespace facenet {
namespace {

// Builds small graphs of 8x8 images, a layer at a time; parameters hold numbers that are far from 0 and 1.
struct Maker {
  Graph graph{Shape{1, 8, 8, 3}};
  int channels = 3;
  int next = 0;

  ParameterPtr parameter(const Shape& shape, float low, float step, bool buffer = false) {
    auto p = std::make_shared<Parameter>();
    p->name = "p" + std::to_string(next++);
    p->value = Tensor(TensorSpec{shape});
    p->buffer = buffer;
    std::size_t i = 0;
    for (auto& value : p->value.floats()) value = low + step * static_cast<float>(i++ * 7 % 11);
    return p;
  }
  int node(const std::string& name, const OperatorPtr& op, int src, const std::vector<ParameterPtr>& parameters = {}) {
    std::vector<int> sources{src};
    for (const auto& p : parameters) sources.push_back(graph.add_parameter(p));
    return graph.add_node(name, op, sources);
  }
  int images() { return node("images", std::make_shared<ImageToTensor>(), 0); }
  int conv(const std::string& name, int src, bool bias) {
    Convolution::Parameters p{.pad_begin = {1, 1}, .pad_end = {1, 1}, .bias = bias};
    std::vector<ParameterPtr> parameters{parameter({5, channels, 3, 3}, -0.4F, 0.09F)};
    if (bias) parameters.push_back(parameter({5}, -0.2F, 0.1F));
    channels = 5;
    return node(name, std::make_shared<Convolution>(p), src, parameters);
  }
  int norm(const std::string& name, int src, bool relu) {
    return node(name, std::make_shared<BatchNorm>(BatchNorm::Parameters{.relu = relu}), src,
                {parameter({5}, -0.6F, 0.3F), parameter({5}, -0.5F, 0.2F), parameter({5}, -1, 0.3F, true),
                 parameter({5}, 0.4F, 0.7F, true)});
  }
  int relu(const std::string& name, int src) { return node(name, std::make_shared<Relu>(), src); }
  int dropout(const std::string& name, int src) {
    return node(name, std::make_shared<Dropout>(Dropout::Parameters{.probability = 0.5F}), src);
  }
  int add(const std::string& name, int a, int b) {
    const int sources[] = {a, b};
    return graph.add_node(name, std::make_shared<Arithmetic>(Arithmetic::Kind::add), sources);
  }
  void finish(int src) {
    Pool::Parameters whole{.window = {0, 0}};
    const int pooled = node("pool", std::make_shared<Pool>(Pool::Kind::average, whole), src);
    const int linear =
        node("linear", std::make_shared<Linear>(), pooled, {parameter({4, 5}, -1, 0.3F), parameter({4}, -0.1F, 0.05F)});
    graph.set_output(node("l2", std::make_shared<L2Normalize>(), linear));
  }
};

std::string layers(const Graph& graph) {
  std::string names;
  for (const auto& node : graph.nodes()) names += (names.empty() ? "" : " ") + node.name;
  return names;
}

void check_same(const Graph& a, const Graph& b) {
  const auto images = test::random_images(a, 3, 8);
  CHECK(test::largest_difference(test::tape_embeddings(a, images), test::tape_embeddings(b, images)) < 1e-5F);
}

}  // namespace

TEST_CASE("batch normalisation goes into the convolution before it") {
  for (const bool bias : {false, true}) {
    for (const bool relu : {false, true}) {
      Maker m;
      m.finish(m.norm("bn", m.conv("conv", m.images(), bias), relu));
      const auto before = m.graph.parameters();
      std::vector<Tensor> values;
      for (const auto& p : before) values.push_back(p->value.clone());
      const Graph folded = passes::fold_batch_norm(m.graph);
      CHECK(layers(folded) == "images conv pool linear l2");
      const auto& conv = dynamic_cast<const Convolution&>(*folded.nodes()[1].op);
      CHECK(conv.parameters.bias);
      CHECK(conv.parameters.relu == relu);
      check_same(m.graph, folded);
      for (std::size_t i = 0; i < before.size(); ++i) {  // the folding works on copies
        CHECK(test::largest_difference(before[i]->value.floats(), values[i].floats()) == 0);
      }
      CHECK(std::find(before.begin(), before.end(), folded.parameters().back()) != before.end());  // shared
    }
  }
}

TEST_CASE("batch normalisation stays where the convolution's result is read elsewhere, or has its ReLU") {
  Maker m;
  const int conv = m.conv("conv", m.images(), false);
  m.finish(m.add("add", m.norm("bn", conv, false), conv));
  CHECK(layers(passes::fold_batch_norm(m.graph)) == "images conv bn add pool linear l2");
  check_same(m.graph, passes::optimised(m.graph));

  Maker n;
  n.finish(n.norm("bn", n.relu("relu", n.conv("conv", n.images(), true)), false));
  CHECK(layers(passes::optimised(n.graph)) == "images conv bn pool linear l2");
  check_same(n.graph, passes::optimised(n.graph));
}

TEST_CASE("products with and sums of constants for each channel go into the convolution before them") {
  using Kind = Arithmetic::Kind;
  for (const bool bias : {false, true}) {
    Maker m;
    const auto constant = [&](const std::string& name, Kind kind, int src, const Shape& shape, bool reversed = false) {
      return m.node(name,
                    std::make_shared<Arithmetic>(kind, Arithmetic::Parameters{.constant = true, .reversed = reversed}),
                    src, {m.parameter(shape, -0.7F, 0.3F)});
    };
    int value = m.conv("conv", m.images(), bias);
    value = constant("times", Kind::multiply, value, {5, 1, 1});
    value = constant("plus", Kind::add, value, {1, 5, 1, 1});
    value = constant("less", Kind::subtract, value, {1});
    value = constant("by", Kind::divide, value, {5, 1, 1});
    value = constant("from", Kind::subtract, value, {5, 1, 1}, true);  // a constant less the data stays
    m.finish(m.relu("relu", value));
    const Graph folded = passes::fold_affine(m.graph);
    CHECK(layers(folded) == "images by from relu pool linear l2");
    check_same(m.graph, folded);
  }
  Maker n;  // constants for each column stay
  int value = n.conv("conv", n.images(), true);
  value = n.node("columns", std::make_shared<Arithmetic>(Kind::multiply, Arithmetic::Parameters{.constant = true}),
                 value, {n.parameter({8}, -0.7F, 0.3F)});
  n.finish(value);
  CHECK(layers(passes::fold_affine(n.graph)) == "images conv columns pool linear l2");
}

TEST_CASE("a sum and a rectifier go into the convolution that they alone read") {
  const kernels::ConvolutionProblem sum{
      .src = {1, 5, 8, 8}, .weights = {5, 5, 3, 3}, .pad_begin = {1, 1}, .pad_end = {1, 1}, .bias = true, .sum = true};
  if (!kernels::has_fast_convolution(sum)) {
    WARN("SKIPPED: on this processor (" << kernels::instruction_set() << ") only slow kernels add while they convolve");
    return;
  }
  const auto op = [](const Graph& graph, const std::string& name) {
    const auto node =
        std::find_if(graph.nodes().begin(), graph.nodes().end(), [&](const auto& n) { return n.name == name; });
    return node == graph.nodes().end() ? std::string() : std::string(node->op->name());
  };
  Maker m;
  const int first = m.relu("relu1", m.conv("conv1", m.images(), true));
  const int second = m.conv("conv2", first, true);
  const int third = m.relu("relu2", m.add("add", first, second));
  const int fourth =
      m.node("prelu", std::make_shared<Prelu>(), m.conv("conv3", third, false), {m.parameter({5}, -0.2F, 0.1F)});
  const int left = m.conv("conv4", fourth, true);
  const int right = m.conv("conv5", third, true);
  m.finish(m.add("last", left, right));
  const Graph fused = passes::fuse_tails(passes::optimised(m.graph));
  CHECK(op(fused, "conv1") == "convolution");
  CHECK(op(fused, "relu2") == "convolution+sum+relu");
  CHECK(op(fused, "prelu") == "convolution+prelu");
  CHECK(op(fused, "last") == "convolution+sum");  // one of two: the other is what is added
  CHECK(op(fused, "conv5") == "convolution");
  CHECK(layers(fused) == "images conv1 relu2 prelu conv5 last pool linear l2");
  check_same(m.graph, fused);
  Maker n;  // what is read twice, or is the output, stays
  const int twice = n.conv("conv", n.images(), true);
  n.finish(n.add("add", n.relu("relu", twice), twice));
  CHECK(layers(passes::fuse_tails(n.graph)) == "images conv relu add pool linear l2");
}

TEST_CASE("ReLU goes into what it alone reads") {
  Maker m;
  const int bn = m.norm("bn", m.relu("relu1", m.conv("conv", m.images(), true)), false);
  m.finish(m.relu("relu2", bn));
  const Graph fused = passes::fuse_relu(m.graph);
  CHECK(layers(fused) == "images conv bn pool linear l2");
  check_same(m.graph, fused);

  Maker n;
  const int conv = n.conv("conv", n.images(), true);
  n.finish(n.relu("last", n.add("add", n.relu("relu", conv), conv)));
  CHECK(layers(passes::fuse_relu(n.graph)) == "images conv relu add last pool linear l2");
}

TEST_CASE("convolution, normalisation and ReLU become one") {
  Maker m;
  m.finish(m.dropout("dropout", m.relu("relu", m.norm("bn", m.conv("conv", m.images(), false), false))));
  const Graph lean = passes::optimised(m.graph);
  CHECK(layers(lean) == "images conv pool linear l2");
  check_same(m.graph, lean);
}

TEST_CASE("what the output does not need goes") {
  Maker m;
  const int images = m.images();
  const int conv = m.conv("conv", images, false);
  m.relu("lost", m.norm("lost bn", conv, false));
  m.finish(conv);
  const Graph lean = passes::remove_dead_nodes(m.graph);
  CHECK(layers(lean) == "images conv pool linear l2");
  CHECK(lean.parameters().size() == 3);
  check_same(m.graph, lean);
}

TEST_CASE("dropout goes, wherever it stands") {
  Maker m;
  const int images = m.images();
  const int conv = m.conv("conv", m.dropout("first", images), false);
  m.finish(m.add("add", conv, m.dropout("second", m.dropout("third", conv))));
  const Graph lean = passes::remove_dropout(m.graph);
  CHECK(layers(lean) == "images conv add pool linear l2");
  check_same(m.graph, lean);
  Graph only(Shape{1, 8, 8, 3});
  const int source[] = {0};
  only.add_node("dropout", std::make_shared<Dropout>(), source);
  CHECK(passes::remove_dropout(only).nodes().empty());
  CHECK(passes::remove_dropout(only).output() == 0);
}

}  // namespace facenet
