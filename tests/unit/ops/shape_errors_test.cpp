// Shape rules: what does not fit is refused by a message that names the operator and the shapes.
#include <limits>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "ops/arithmetic.hpp"
#include "ops/batch_norm.hpp"
#include "ops/clip.hpp"
#include "ops/concat.hpp"
#include "ops/convolution.hpp"
#include "ops/dropout.hpp"
#include "ops/gelu.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/layer_norm.hpp"
#include "ops/linear.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/matmul.hpp"
#include "ops/maxout.hpp"
#include "ops/pad.hpp"
#include "ops/pool.hpp"
#include "ops/prelu.hpp"
#include "ops/reduce.hpp"
#include "ops/registry.hpp"
#include "ops/relu.hpp"
#include "ops/reshape.hpp"
#include "ops/sigmoid.hpp"
#include "ops/slice.hpp"
#include "ops/softmax.hpp"
#include "ops/transpose.hpp"
#include "ops/unary.hpp"

using namespace facenet;

namespace {

void check_refused(const Operator& op, const std::vector<Shape>& src) {
  std::string message;
  try {
    (void)op.shape(src);
  } catch (const InvalidArgument& error) {
    message = error.what();
  }
  INFO(op.name() << " says: " << message);
  CHECK(message.find(std::string(op.name()) + ": ") == 0);
  for (const auto& s : src) CHECK(message.find(s.text()) != std::string::npos);
}

Convolution convolution(const Convolution::Parameters& p) { return Convolution(p); }

}  // namespace

TEST_CASE("convolution refuses what does not fit") {
  const Shape data{1, 4, 8, 8};
  const Shape weights{6, 4, 3, 3};
  check_refused(Convolution(), {});
  check_refused(Convolution(), {data, weights});
  check_refused(Convolution(), {{4, 8}, weights, {6}});
  check_refused(Convolution(), {data, {6, 3, 3, 3}, {6}});
  check_refused(Convolution(), {data, {6, 4, 3}, {6}});
  check_refused(Convolution(), {data, weights, {5}});
  check_refused(Convolution(), {{1, 4, 2, 8}, weights, {6}});
  check_refused(convolution({.groups = 4, .bias = false}), {data, {6, 1, 3, 3}});
  check_refused(convolution({.groups = 0, .bias = false}), {data, weights});
  check_refused(convolution({.stride = {0, 1}, .bias = false}), {data, weights});
  check_refused(convolution({.dilation = {1, -1}, .bias = false}), {data, weights});
  check_refused(convolution({.pad_begin = {-1, 0}, .bias = false}), {data, weights});
  check_refused(convolution({.pad_end = {0, std::int64_t{1} << 62}, .bias = false}), {data, weights});
  check_refused(convolution({.dilation = {std::int64_t{1} << 62, 1}, .bias = false}), {data, weights});
  CHECK(Convolution().multiply_adds(std::vector<Shape>{data, weights, {6}}) == 6 * 4 * 9 * 36);
}

TEST_CASE("pooling refuses what does not fit") {
  for (const auto kind : {Pool::Kind::maximum, Pool::Kind::average, Pool::Kind::l2}) {
    check_refused(Pool(kind), {});
    check_refused(Pool(kind), {{3, 4}});
    check_refused(Pool(kind), {{1, 3, 5, 5}, {1, 3, 5, 5}});
    check_refused(Pool(kind), {{1, 3, 2, 5}});
    check_refused(Pool(kind, {.window = {3, 0}}), {{1, 3, 5, 5}});
    check_refused(Pool(kind, {.stride = {0, 1}}), {{1, 3, 5, 5}});
    check_refused(Pool(kind, {.pad_begin = {3, 0}}), {{1, 3, 5, 5}});
    check_refused(Pool(kind, {.pad_end = {0, -1}}), {{1, 3, 5, 5}});
  }
}

TEST_CASE("normalisations refuse what does not fit") {
  check_refused(BatchNorm(), {{1, 3, 2, 2}});
  check_refused(BatchNorm(), {{1, 3, 2, 2}, {3}, {3}, {4}, {3}});
  check_refused(BatchNorm(), {{1, 3}, {3}, {3}, {3}, {3}});
  check_refused(LocalResponseNorm(), {{1, 3}});
  check_refused(LocalResponseNorm(), {{1, 3, 2, 2}, {1, 3, 2, 2}});
  check_refused(LocalResponseNorm({4, 1e-4F, 0.75F, 1.0F}), {{1, 3, 2, 2}});
  check_refused(LocalResponseNorm({5, 1e-4F, 0.75F, 0.0F}), {{1, 3, 2, 2}});
  check_refused(LocalResponseNorm({5, -1e-4F, 0.75F, 1.0F}), {{1, 3, 2, 2}});
  check_refused(L2Normalize({0}), {{1, 3, 2, 2}});
  check_refused(L2Normalize({4}), {{1, 3, 2, 2}});
  check_refused(L2Normalize(), {{1}});
  check_refused(L2Normalize(), {{1, 3}, {1, 3}});
}

TEST_CASE("layer normalisation refuses what does not fit") {
  check_refused(LayerNorm(), {{2, 3}, {3}});
  check_refused(LayerNorm(), {{2, 3}, {3}, {4}});
  check_refused(LayerNorm(), {{2, 3}, {1}, {3}});
  check_refused(LayerNorm(), {{2, 3, 4}, {4}, {4}});
  check_refused(LayerNorm(), {{2, 0}, {0}, {0}});
  check_refused(LayerNorm({.axis = 0}), {{2, 3}, {2, 3}, {2, 3}});
  check_refused(LayerNorm({.axis = 2}), {{2, 3}, {}, {}});
  check_refused(LayerNorm({.epsilon = -1}), {{2, 3}, {3}, {3}});
  check_refused(LayerNorm({.shift = false}), {{2, 3}, {3}, {3}});
}

TEST_CASE("products and slices refuse what does not fit") {
  check_refused(Matmul(), {{2, 3, 4}});
  check_refused(Matmul(), {{2, 3}, {3, 4}});
  check_refused(Matmul(), {{2, 3, 4}, {2, 3, 4}});
  check_refused(Matmul(), {{2, 3, 4}, {1, 4, 3}});
  check_refused(Matmul(), {{2, 5, 3, 4}, {2, 6, 4, 3}});
  check_refused(Matmul(), {{2, 5, 3, 4}, {2, 4, 3}});
  CHECK(Matmul().multiply_adds(std::vector<Shape>{{1, 2, 3, 4}, {1, 2, 4, 5}}) == 120);
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  const Slice::Parameters wrong[] = {{.axis = 0},
                                     {.axis = 2},
                                     {.begin = 5},
                                     {.count = 6},
                                     {.count = 0},
                                     {.begin = -1},
                                     {.step = 0},
                                     {.begin = 1, .count = 3, .step = 2},
                                     {.count = kHuge, .step = kHuge}};
  for (const auto& p : wrong) check_refused(Slice(p), {{2, 5}});
  check_refused(Slice(), {{2, 5}, {2, 5}});
}

TEST_CASE("the others refuse what does not fit") {
  check_refused(Linear(), {{2, 3}, {4, 3}});
  check_refused(Linear(), {{2, 3}, {4, 5}, {4}});
  check_refused(Linear(), {{2, 3}, {4, 3}, {5}});
  check_refused(Linear(), {{2, 3, 2, 2}, {4, 3}, {4}});
  check_refused(Linear(), {{3}, {4, 3}, {4}});
  check_refused(Linear({.rows = true}), {{2, 3, 5}, {4, 15}, {4}});
  check_refused(Linear({.rows = true}), {{2, 5, 3}, {4, 3}, {3}});
  check_refused(Concat(), {});
  check_refused(Concat(), {{1, 3, 2, 2}, {1, 3, 2, 3}});
  check_refused(Concat(), {{1, 3, 2, 2}, {2, 3, 2, 2}});
  check_refused(Concat(), {{1, 3, 2, 2}, {1, 3, 2}});
  check_refused(Concat({0}), {{1, 3, 2, 2}, {1, 3, 2, 2}});
  check_refused(Concat({2}), {{1, 3}, {1, 3}});
  check_refused(Concat({3}), {{1, 3, 2, 2}, {1, 3, 3, 2}});
  check_refused(Arithmetic(Arithmetic::Kind::add), {{1, 3}});
  check_refused(Arithmetic(Arithmetic::Kind::add), {{1, 3}, {1, 4}});
  check_refused(Relu(), {{1, 3}, {1, 3}});
  check_refused(Dropout(Dropout::Parameters{1.0F, 0}), {{1, 3}});
  check_refused(Dropout(Dropout::Parameters{-0.1F, 0}), {{1, 3}});
  check_refused(ImageToTensor(), {{1, 3, 8, 8}});
  check_refused(ImageToTensor(), {{8, 8, 3}});
}

TEST_CASE("maxout refuses what does not fit") {
  check_refused(Maxout(), {});
  check_refused(Maxout(), {{2, 4}, {2, 4}});
  check_refused(Maxout(), {{2, 4, 3}});
  check_refused(Maxout(), {{2, 5}});
  check_refused(Maxout({0}), {{2, 4}});
}

TEST_CASE("activations refuse what does not fit") {
  check_refused(Prelu(), {{2, 4}});
  check_refused(Prelu(), {{2, 4}, {3}});
  check_refused(Prelu(), {{2, 4, 3}, {4}});
  check_refused(Prelu(), {{2, 4, 3, 3}, {4, 1, 1}});
  check_refused(Sigmoid(), {{2, 4}, {2, 4}});
  check_refused(Gelu(), {{2, 4}, {2, 4}});
  for (const auto kind : {Unary::Kind::erf, Unary::Kind::tanh, Unary::Kind::square_root}) {
    check_refused(Unary(kind), {{2, 4}, {2, 4}});
  }
  check_refused(Softmax(), {{2}});
  check_refused(Softmax({0}), {{2, 4}});
  check_refused(Softmax({2}), {{2, 4}});
  check_refused(Clip(), {{2, 4}, {2, 4}});
  check_refused(Clip({1, -1}), {{2, 4}});
  check_refused(Clip({std::numeric_limits<float>::quiet_NaN(), 1}), {{2, 4}});
}

TEST_CASE("arithmetic refuses what does not broadcast, and to mix images") {
  using Kind = Arithmetic::Kind;
  for (const auto kind : {Kind::add, Kind::subtract, Kind::multiply, Kind::divide}) {
    check_refused(Arithmetic(kind), {});
    check_refused(Arithmetic(kind), {{2, 3}});
    check_refused(Arithmetic(kind), {{2, 3}, {2, 4}});
    check_refused(Arithmetic(kind), {{2, 3, 4, 4}, {2, 3, 3, 4}});
    check_refused(Arithmetic(kind), {{2, 3}, {1, 3}});                      // images of another batch
    check_refused(Arithmetic(kind), {{2, 3, 2, 2}, {2, 2}});                // its batch would stand at the rows' place
    check_refused(Arithmetic(kind, {.constant = true}), {{2, 3}, {2, 3}});  // other numbers for each image
    check_refused(Arithmetic(kind, {.constant = true}), {{2, 3}, {1, 1, 3}});
    check_refused(Arithmetic(kind, {.constant = true}), {{2, 3}, {2}});
    check_refused(Arithmetic(kind, {.constant = true}), {{2, 3}, {3}, {3}});
    CHECK(Arithmetic(kind, {.constant = true}).shape(std::vector<Shape>{{2, 3, 1, 1}, {4, 5}}) == Shape{2, 3, 4, 5});
    CHECK(Arithmetic(kind).shape(std::vector<Shape>{{2, 1, 4, 1}, {2, 3, 1, 5}}) == Shape{2, 3, 4, 5});
  }
  check_refused(Arithmetic(Kind::add), {{2, 3}, {2, 3}, {2, 1}});
  check_refused(Arithmetic(Kind::multiply), {{2, 3}, {2, 3}, {2, 3}});
}

TEST_CASE("reductions, shapes and borders refuse what does not fit") {
  for (const auto kind : {Reduce::Kind::sum, Reduce::Kind::mean, Reduce::Kind::maximum}) {
    check_refused(Reduce(kind, {{0}}), {{2, 3}});
    check_refused(Reduce(kind, {{}}), {{2, 3}});
    check_refused(Reduce(kind, {{1, 1}}), {{2, 3}});
    check_refused(Reduce(kind, {{2}}), {{2, 3}});
    check_refused(Reduce(kind, {{-1}}), {{2, 3}});
    check_refused(Reduce(kind, {{1}}), {{2, 3}, {2, 3}});
    check_refused(Reduce(kind, {{1}}), {{2, 0}});
  }
  const Shape data{2, 3, 4, 5};
  for (const std::vector<std::int64_t>& target :
       std::vector<std::vector<std::int64_t>>{{},
                                              {0},
                                              {2, 60},
                                              {0, 59},
                                              {0, 61},
                                              {0, -1, -1},
                                              {-1, -1},
                                              {0, -2, 30},
                                              {0, 7, -1},
                                              {0, 3, 4, 5, 0},
                                              {0, std::int64_t{1} << 62, std::int64_t{1} << 62, -1},
                                              {-1, 30},
                                              {0, 1, 1, 1, 1, 1, -1}}) {
    check_refused(Reshape({target}), {data});
  }
  CHECK(Reshape({{0, 0, -1}}).shape({&data, 1}) == Shape{2, 3, 20});
  CHECK(Reshape({{-1, 60}}).shape({&data, 1}) == Shape{2, 60});
  const Shape none = data.with_batch(0);
  CHECK(Reshape({{0, -1}}).shape({&none, 1}) == Shape{0, 60});
  check_refused(Reshape(), {data, data});
  for (const std::vector<std::int64_t>& permutation : std::vector<std::vector<std::int64_t>>{
           {}, {0, 1, 2}, {0, 1, 2, 2}, {0, 1, 2, 4}, {0, 1, 2, -1}, {1, 0, 2, 3}, {0, 1, 2, 3, 4}}) {
    check_refused(Transpose({permutation}), {data});
  }
  check_refused(Transpose(), {data, data});
  check_refused(Pad(), {{2, 3}});
  check_refused(Pad(), {data, data});
  check_refused(Pad({.pad_begin = {-1, 0}}), {data});
  check_refused(Pad({.pad_end = {0, -1}}), {data});
  check_refused(Pad({.pad_end = {std::int64_t{1} << 62, 0}}), {data});
  check_refused(Pad({.value = std::numeric_limits<float>::infinity()}), {data});
}

TEST_CASE("the registry makes every operator by its name and names those it knows") {
  CHECK(operator_names().size() >= 13);
  for (const auto name : operator_names()) CHECK(make_operator(name)->name() == name);
  CHECK(make_operator("relu") != make_operator("relu"));  // each its own, to set parameters of
  try {
    (void)make_operator("swish");
    FAIL("made a swish");
  } catch (const InvalidArgument& error) {
    const std::string message = error.what();
    CHECK(message.find("'swish'") != std::string::npos);
    for (const auto name : operator_names()) CHECK(message.find(name) != std::string::npos);
  }
}
