// Operators that no architecture of ours uses, but imported graphs do, in a plan: what the tape gives.
#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "catch.hpp"
#include "infer/plan.hpp"
#include "networks.hpp"
#include "ops/arithmetic.hpp"
#include "ops/clip.hpp"
#include "ops/concat.hpp"
#include "ops/convolution.hpp"
#include "ops/gelu.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/layer_norm.hpp"
#include "ops/linear.hpp"
#include "ops/matmul.hpp"
#include "ops/maxout.hpp"
#include "ops/pad.hpp"
#include "ops/pool.hpp"
#include "ops/prelu.hpp"
#include "ops/reduce.hpp"
#include "ops/reshape.hpp"
#include "ops/sigmoid.hpp"
#include "ops/slice.hpp"
#include "ops/softmax.hpp"
#include "ops/transpose.hpp"
#include "ops/unary.hpp"

namespace facenet {
namespace {

using Kind = Arithmetic::Kind;

// Images [1,9,7,3] through all of them, with `channels` channels, which are even.
Graph every_operator(std::int64_t channels) {
  Graph graph({1, 9, 7, 3});
  Random random(3);
  int names = 0;
  const auto node = [&](const OperatorPtr& op, std::vector<int> src, const std::vector<Shape>& parameters = {}) {
    for (const auto& shape : parameters) {
      auto p = std::make_shared<Parameter>();
      p->name = "p" + std::to_string(names++);
      p->value = Tensor(TensorSpec{shape});
      for (auto& v : p->value.floats()) v = static_cast<float>(0.3 * random.normal() + 0.2);
      src.push_back(graph.add_parameter(p));
    }
    return graph.add_node("n" + std::to_string(names++), op, src);
  };
  const auto arithmetic = [](Kind kind, bool constant = false, bool reversed = false) {
    return std::make_shared<Arithmetic>(kind, Arithmetic::Parameters{constant, reversed});
  };
  using P = Convolution::Parameters;
  int x = node(std::make_shared<ImageToTensor>(), {0});
  x = node(std::make_shared<Convolution>(P{.pad_begin = {1, 1}, .pad_end = {1, 1}}), {x},
           {{channels, 3, 3, 3}, {channels}});
  x = node(std::make_shared<Prelu>(), {x}, {{channels}});
  x = node(std::make_shared<Convolution>(P{.stride = {2, 2}, .pad_end = {1, 1}, .groups = channels}), {x},
           {{channels, 1, 3, 3}, {channels}});
  // Squeeze and excitation, with a residual.
  int scale = node(std::make_shared<Reduce>(Reduce::Kind::mean, Reduce::Parameters{{2, 3}, true}), {x});
  scale = node(std::make_shared<Convolution>(P{}), {scale}, {{channels, channels, 1, 1}, {channels}});
  scale = node(std::make_shared<Sigmoid>(), {scale});
  const int scaled = node(arithmetic(Kind::multiply), {x, scale});
  x = node(arithmetic(Kind::add), {x, scaled});
  x = node(arithmetic(Kind::subtract, true, true), {x}, {{channels, 1, 1}});
  x = node(arithmetic(Kind::divide, true), {x}, {{1}});
  x = node(std::make_shared<Pad>(Pad::Parameters{{1, 0}, {0, 2}, 0.5F}), {x});
  const int pooled = node(std::make_shared<Pool>(Pool::Kind::average, Pool::Parameters{.window = {0, 0}}), {x});
  x = node(arithmetic(Kind::subtract), {x, pooled});
  x = node(std::make_shared<Clip>(Clip::Parameters{-2, 6}), {x});
  x = node(std::make_shared<Sigmoid>(), {x});
  x = node(std::make_shared<Maxout>(), {x});
  x = node(std::make_shared<Transpose>(), {x});  // [1,5,6,channels/2]
  x = node(std::make_shared<Softmax>(Softmax::Parameters{3}), {x});
  x = node(std::make_shared<Reduce>(Reduce::Kind::maximum, Reduce::Parameters{{1}, false}), {x});
  x = node(std::make_shared<Reshape>(), {x});
  node(std::make_shared<Linear>(), {x}, {{8, graph.value(x).shape[1]}, {8}});
  return graph;
}

// Attention between channels, as EdgeFace has it, on images [1,8,6,3] in `heads` heads of `width` channels.
Graph attention(std::int64_t heads, std::int64_t width) {
  Graph graph({1, 8, 6, 3});
  Random random(4);
  int names = 0;
  const auto node = [&](const OperatorPtr& op, std::vector<int> src, const std::vector<Shape>& parameters = {}) {
    for (const auto& shape : parameters) {
      auto p = std::make_shared<Parameter>();
      p->name = "p" + std::to_string(names++);
      p->value = Tensor(TensorSpec{shape});
      for (auto& v : p->value.floats()) v = static_cast<float>(0.3 * random.normal() + 0.1);
      src.push_back(graph.add_parameter(p));
    }
    return graph.add_node("n" + std::to_string(names++), op, src);
  };
  const auto transposed = [&](int src, std::vector<std::int64_t> order) {
    return node(std::make_shared<Transpose>(Transpose::Parameters{std::move(order)}), {src});
  };
  const auto reshaped = [&](int src, std::vector<std::int64_t> target) {
    return node(std::make_shared<Reshape>(Reshape::Parameters{std::move(target)}), {src});
  };
  const Linear::Parameters rows{.rows = true};
  const std::int64_t channels = heads * width;
  int x = node(std::make_shared<ImageToTensor>(), {0});
  x = node(std::make_shared<Convolution>(Convolution::Parameters{}), {x}, {{channels, 3, 1, 1}, {channels}});
  const int front = node(std::make_shared<Slice>(Slice::Parameters{.count = width}), {x});
  const int back = node(std::make_shared<Slice>(Slice::Parameters{.begin = width, .count = channels - width}), {x});
  const int bent = node(std::make_shared<Gelu>(), {front});
  x = node(std::make_shared<Concat>(), {node(std::make_shared<Unary>(Unary::Kind::tanh), {bent}), back});
  x = transposed(reshaped(x, {0, 0, -1}), {0, 2, 1});
  int y = node(std::make_shared<LayerNorm>(LayerNorm::Parameters{.axis = 2}), {x}, {{channels}, {channels}});
  y = node(std::make_shared<Linear>(rows), {y}, {{3 * channels, channels}, {3 * channels}});
  y = transposed(reshaped(y, {0, 0, 3, heads, width}), {0, 2, 3, 4, 1});  // [1,3,heads,width,48]
  std::array<int, 3> parts{};
  for (std::int64_t i = 0; i < 3; ++i) {
    parts[static_cast<std::size_t>(i)] =
        reshaped(node(std::make_shared<Slice>(Slice::Parameters{.begin = i}), {y}), {0, heads, width, 48});
  }
  for (int i = 0; i < 2; ++i) {
    int& part = parts[static_cast<std::size_t>(i)];
    part = node(std::make_shared<L2Normalize>(L2Normalize::Parameters{3}), {part});
  }
  int shares = node(std::make_shared<Matmul>(), {parts[0], transposed(parts[1], {0, 1, 3, 2})});
  shares = node(std::make_shared<Arithmetic>(Kind::multiply, Arithmetic::Parameters{.constant = true}), {shares},
                {{heads, 1, 1}});
  shares = node(std::make_shared<Softmax>(Softmax::Parameters{3}), {shares});
  y = node(std::make_shared<Matmul>(), {shares, parts[2]});
  y = reshaped(transposed(y, {0, 3, 1, 2}), {0, 48, -1});
  y = node(std::make_shared<Linear>(rows), {y}, {{channels, channels}, {channels}});
  x = node(std::make_shared<Arithmetic>(Kind::add), {x, y});
  x = node(std::make_shared<Reduce>(Reduce::Kind::mean, Reduce::Parameters{{1}, false}), {x});
  node(std::make_shared<Linear>(), {x}, {{8, channels}, {8}});
  return graph;
}

}  // namespace

TEST_CASE("attention gives in a plan what it gives on the tape, and no kernel is oneDNN's reference code") {
  for (const auto& [heads, width] : {std::pair<std::int64_t, std::int64_t>{2, 3}, {4, 8}, {3, 12}}) {
    const Graph graph = attention(heads, width);
    for (const std::int64_t batch : {1, 3}) {
      INFO(heads << " heads of " << width << ", batch " << batch);
      const auto images = test::random_images(graph, batch, 7);
      const auto expected = test::tape_embeddings(graph, images);
      const auto plan = Plan::compile(graph, {.batch = batch});
      for (const auto& step : plan->steps()) {
        INFO(step.layer << " " << step.operation << " " << step.kernel->implementation());
        CHECK(step.kernel->implementation().find("ref") == std::string::npos);
      }
      Context context(plan);
      std::copy(images.begin(), images.end(), context.input().begin());
      CHECK(test::largest_difference(context.run(), expected) < 1e-5F);
      CHECK(test::largest_difference(expected, std::vector<float>(expected.size())) > 0.05F);
    }
  }
}

TEST_CASE("operators of imported graphs give in a plan what they give on the tape") {
  for (const std::int64_t channels : {6, 16, 20, 32}) {
    const Graph graph = every_operator(channels);
    for (const std::int64_t batch : {1, 3}) {
      const auto images = test::random_images(graph, batch, 7);
      const auto expected = test::tape_embeddings(graph, images);
      Context context(Plan::compile(graph, {.batch = batch}));
      for (int run = 0; run < 2; ++run) {  // the second finds the arena as the first left it
        INFO(channels << " channels, batch " << batch << ", run " << run);
        std::copy(images.begin(), images.end(), context.input().begin());
        CHECK(test::largest_difference(context.run(), expected) < 1e-5F);
      }
      float largest = 0;
      for (const float value : expected) largest = std::max(largest, std::abs(value));
      CHECK(largest > 0.05F);
    }
  }
}

}  // namespace facenet
