// Operators that exporters write out, known again: in each way it may be written, and not where it only looks alike.
#include <algorithm>
#include <functional>

#include "catch.hpp"
#include "graph/passes/passes.hpp"
#include "networks.hpp"
#include "ops/arithmetic.hpp"
#include "ops/gelu.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/layer_norm.hpp"
#include "ops/linear.hpp"
#include "ops/reduce.hpp"
#include "ops/transpose.hpp"
#include "ops/unary.hpp"

namespace facenet {
namespace {

using Kind = Arithmetic::Kind;

// A graph of 4x4 images built a layer at a time; its end is a linear layer.
class Maker {
 public:
  Maker() {
    ImageToTensor::Parameters p{.mean = {127.5F, 127.5F, 127.5F}, .scale = {0.02F, 0.02F, 0.02F}};
    graph.add_node("images", std::make_shared<ImageToTensor>(p), std::vector{0});
  }
  int x() const { return 1; }
  int node(const OperatorPtr& op, std::vector<int> src) { return graph.add_node(name(), op, src); }
  int with(Kind kind, int src, const Shape& shape, float first, bool reversed = false) {
    auto p = std::make_shared<Parameter>();
    p->name = name();
    p->value = Tensor(TensorSpec{shape});
    for (auto& value : p->value.floats()) value = std::exchange(first, first + 0.25F);
    const Arithmetic::Parameters constant{.constant = true, .reversed = reversed};
    return node(std::make_shared<Arithmetic>(kind, constant), {src, graph.add_parameter(p)});
  }
  int with(Kind kind, int src, float value) { return with(kind, src, {1}, value); }
  int both(Kind kind, int a, int b) { return node(std::make_shared<Arithmetic>(kind), {a, b}); }
  int unary(Unary::Kind kind, int src) { return node(std::make_shared<Unary>(kind), {src}); }
  int mean(int src, std::vector<std::int64_t> axes) {
    return node(std::make_shared<Reduce>(Reduce::Kind::mean, Reduce::Parameters{std::move(axes), true}), {src});
  }
  Graph end(int src) {
    auto p = std::make_shared<Parameter>();
    p->name = name();
    p->value = Tensor(TensorSpec{{4, 48}});
    float value = -0.5F;
    for (auto& v : p->value.floats()) v = value = value > 0.4F ? -0.55F : value + 0.07F;
    node(std::make_shared<Linear>(Linear::Parameters{.bias = false}), {src, graph.add_parameter(p)});
    return graph;
  }

  Graph graph{Shape{1, 4, 4, 3}};

 private:
  std::string name() { return "n" + std::to_string(names_++); }
  int names_ = 0;
};

template <typename Op>
std::ptrdiff_t count(const Graph& graph) {
  return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                       [](const auto& node) { return dynamic_cast<const Op*>(node.op.get()) != nullptr; });
}

void check_same(const Graph& a, const Graph& b) {
  const auto images = test::random_images(a, 2, 5);
  CHECK(test::largest_difference(test::tape_embeddings(a, images), test::tape_embeddings(b, images)) < 1e-5F);
}

}  // namespace

TEST_CASE("GELU is known again however its products are arranged") {
  const std::function<int(Maker&)> ways[] = {
      [](Maker& m) {  // x * (1 + erf(x / 1.414)) * 0.5
        const int e = m.unary(Unary::Kind::erf, m.with(Kind::divide, m.x(), 1.4142135F));
        return m.with(Kind::multiply, m.both(Kind::multiply, m.x(), m.with(Kind::add, e, 1)), 0.5F);
      },
      [](Maker& m) {  // (0.5 * x) * (1 + erf(x * 0.707))
        const int e = m.unary(Unary::Kind::erf, m.with(Kind::multiply, m.x(), 0.70710678F));
        return m.both(Kind::multiply, m.with(Kind::multiply, m.x(), 0.5F), m.with(Kind::add, e, 1));
      },
      [](Maker& m) {  // x * (0.5 + 0.5 * erf)
        const int e = m.unary(Unary::Kind::erf, m.with(Kind::multiply, m.x(), 0.70710678F));
        return m.both(Kind::multiply, m.with(Kind::add, m.with(Kind::multiply, e, 0.5F), 0.5F), m.x());
      },
      [](Maker& m) {  // by tanh of x + 0.044715 x^3
        const int cube = m.both(Kind::multiply, m.both(Kind::multiply, m.x(), m.x()), m.x());
        const int sum = m.both(Kind::add, m.x(), m.with(Kind::multiply, cube, 0.044715F));
        const int t = m.unary(Unary::Kind::tanh, m.with(Kind::multiply, sum, 0.79788456F));
        return m.with(Kind::multiply, m.both(Kind::multiply, m.x(), m.with(Kind::add, t, 1)), 0.5F);
      },
      [](Maker& m) {  // by tanh of 0.797 x * (1 + 0.044715 x^2)
        const int square = m.both(Kind::multiply, m.x(), m.x());
        const int part = m.with(Kind::add, m.with(Kind::multiply, square, 0.044715F), 1);
        const int t =
            m.unary(Unary::Kind::tanh, m.both(Kind::multiply, m.with(Kind::multiply, m.x(), 0.79788456F), part));
        return m.both(Kind::multiply, m.with(Kind::multiply, m.x(), 0.5F), m.with(Kind::add, t, 1));
      },
  };
  for (std::size_t i = 0; i < std::size(ways); ++i) {
    INFO("way " << i);
    Maker m;
    const Graph graph = m.end(ways[i](m));
    const Graph found = passes::recognise_gelu(graph);
    CHECK(found.nodes().size() == 3);
    REQUIRE(count<Gelu>(found) == 1);
    CHECK(dynamic_cast<const Gelu&>(*found.nodes()[1].op).parameters.tanh == (i >= 3));
    check_same(found, graph);
  }
}

TEST_CASE("what only looks like a GELU, or is read half-way, stays as it is") {
  const auto gelu = [](Maker& m, float half, int* inside) {
    const int e = m.unary(Unary::Kind::erf, m.with(Kind::divide, m.x(), 1.4142135F));
    *inside = m.with(Kind::add, e, 1);
    return m.with(Kind::multiply, m.both(Kind::multiply, m.x(), *inside), half);
  };
  int inside = 0;
  Maker other;
  const Graph scaled = other.end(gelu(other, 0.51F, &inside));
  CHECK(count<Gelu>(passes::recognise_gelu(scaled)) == 0);
  Maker read;
  const int whole = gelu(read, 0.5F, &inside);
  const Graph tapped = read.end(read.both(Kind::add, whole, inside));
  CHECK(count<Gelu>(passes::recognise_gelu(tapped)) == 0);
  check_same(passes::recognise_gelu(tapped), tapped);
}

TEST_CASE("layer normalisation is known again, and what is not quite one is not") {
  struct Case {
    std::vector<std::int64_t> axes{3};
    Shape scale{4};
    float epsilon = 1e-5F;
    bool own_mean = false, wrong_mean = false, reversed = false;
    std::ptrdiff_t expected = 1;
  };
  const Case cases[] = {{},
                        {.epsilon = 0.5F},
                        {.own_mean = true},
                        {.axes = {2, 3}, .scale = {4, 4}},
                        {.axes = {1, 2, 3}, .scale = {3, 4, 4}},
                        {.axes = {2}, .expected = 0},         // not the last
                        {.scale = {1}, .expected = 0},        // one for all
                        {.wrong_mean = true, .expected = 0},  // along another axis
                        {.reversed = true, .expected = 0}};   // epsilon less variance
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    INFO("case " << i);
    const Case& c = cases[i];
    Maker m;
    const int d = m.both(Kind::subtract, m.x(), m.mean(m.x(), c.axes));
    const int again = c.own_mean ? m.both(Kind::subtract, m.x(), m.mean(m.x(), c.axes)) : d;
    const int variance =
        m.mean(m.both(Kind::multiply, again, again), c.wrong_mean ? std::vector<std::int64_t>{1} : c.axes);
    const int raised =
        c.reversed ? m.with(Kind::subtract, variance, {1}, 90.0F, true) : m.with(Kind::add, variance, c.epsilon);
    const int q = m.both(Kind::divide, d, m.unary(Unary::Kind::square_root, raised));
    const Graph graph = m.end(m.with(Kind::add, m.with(Kind::multiply, q, c.scale, 0.5F), c.scale, -1));
    const Graph found = passes::recognise_layer_norm(graph);
    CHECK(count<LayerNorm>(found) == c.expected);
    check_same(found, graph);
    if (c.expected == 0) continue;
    CHECK(found.nodes().size() == 3);
    CHECK(dynamic_cast<const LayerNorm&>(*found.nodes()[1].op).parameters.epsilon == c.epsilon);
  }
}

}  // namespace facenet
