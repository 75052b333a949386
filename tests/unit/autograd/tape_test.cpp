// The tape: branches sum, gradients add up, memory is let go, messages name the layer.
#include "autograd/tape.hpp"

#include <facenet/error.hpp>

#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/arithmetic.hpp"
#include "ops/batch_norm.hpp"
#include "ops/concat.hpp"
#include "ops/linear.hpp"
#include "ops/pool.hpp"
#include "ops/relu.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

constexpr Mode kTraining{.training = true};

ParameterPtr parameter(const Shape& shape, std::initializer_list<float> values) {
  auto p = std::make_shared<Parameter>();
  p->value = Tensor::from(shape, std::vector<float>(values));
  return p;
}

std::vector<float> numbers(const Tensor& tensor) {
  const Tensor plain = kernels::to_plain(tensor);
  return {plain.floats().begin(), plain.floats().end()};
}

}  // namespace

TEST_CASE("branches' gradients sum, and an input that asks gets its own") {
  Tape tape({.mode = kTraining});
  const Variable x = tape.input(Tensor::from({1, 3}, std::vector<float>{-1, 2, 3}), true);
  const Variable silent = tape.input(Tensor::from({1, 3}, std::vector<float>{1, 1, 1}));
  const Variable branches[] = {x, tape.apply("relu", std::make_shared<Relu>(), {&x, 1}), x, silent};
  const Variable y = tape.apply("sum", std::make_shared<Arithmetic>(Arithmetic::Kind::add), branches);
  CHECK(numbers(tape.value(y)) == std::vector<float>{-1, 7, 10});
  tape.backward(y, Tensor::from({1, 3}, std::vector<float>{1, 10, 100}));
  CHECK(numbers(tape.gradient(x)) == std::vector<float>{2, 30, 300});
  CHECK_FALSE(tape.gradient(silent));
}

TEST_CASE("a parameter in two layers gets the sum; passes add up; the frozen and buffers get nothing") {
  const auto weights = parameter({2, 2}, {1, 2, 3, 4});
  const auto frozen = parameter({2}, {0, 0});
  frozen->trainable = false;
  const auto input = Tensor::from({1, 2}, std::vector<float>{1, 1});
  for (int pass = 1; pass <= 2; ++pass) {
    Tape tape({.mode = kTraining});
    const Variable x = tape.input(input);
    const Variable w = tape.parameter(weights);
    CHECK(tape.parameter(weights).id == w.id);
    const Variable first[] = {x, w, tape.parameter(frozen)};
    const Variable h = tape.apply("first", std::make_shared<Linear>(), first);
    const Variable second[] = {h, w, tape.parameter(frozen)};
    const Variable y = tape.apply("second", std::make_shared<Linear>(), second);
    tape.backward(y, Tensor::from({1, 2}, std::vector<float>{1, 0}));
    // h = (3, 7); y_0 = w_00 * h_0 + w_01 * h_1: diff w = [h_0 + w_00, h_1 + w_00; w_01, w_01]
    const auto times = static_cast<float>(pass);
    CHECK(numbers(weights->gradient) == std::vector<float>{4 * times, 8 * times, 2 * times, 2 * times});
    CHECK_FALSE(frozen->gradient);
  }
}

TEST_CASE("gradients are not written after they were handed out") {
  const auto weights = parameter({1, 1}, {2});
  Tensor kept;
  for (int pass = 0; pass < 2; ++pass) {
    Tape tape({.mode = kTraining});
    const Variable src[] = {tape.input(Tensor::from({1, 1}, std::vector<float>{5})), tape.parameter(weights)};
    const Variable y = tape.apply("linear", std::make_shared<Linear>(Linear::Parameters{false}), src);
    tape.backward(y, Tensor::from({1, 1}, std::vector<float>{1}));
    if (pass == 0) kept = weights->gradient;
  }
  CHECK(kept.floats()[0] == 5);
  CHECK(weights->gradient.floats()[0] == 10);
}

TEST_CASE("a backward from an input or a parameter itself is the identity") {
  Tape tape({.mode = kTraining});
  const auto p = parameter({2}, {1, 2});
  const Tensor diff = Tensor::from({2}, std::vector<float>{3, 4});
  tape.backward(tape.parameter(p), diff);
  CHECK(numbers(p->gradient) == std::vector<float>{3, 4});
  Tape other({.mode = kTraining});
  const Variable x = other.input(p->value, true);
  other.backward(x, diff);
  CHECK(numbers(other.gradient(x)) == std::vector<float>{3, 4});
}

TEST_CASE("a parameter's gradient is plain, whatever layout its consumer works in") {
  const auto p = parameter({1, 3, 1, 2}, {1, 2, 3, 4, 5, 6});
  Tape tape({.mode = kTraining});
  const Variable own = tape.parameter(p);
  const Variable y =
      tape.apply("pool", std::make_shared<Pool>(Pool::Kind::maximum, Pool::Parameters{.window = {1, 1}}), {&own, 1});
  tape.backward(y, Tensor::from({1, 3, 1, 2}, std::vector<float>{6, 5, 4, 3, 2, 1}));
  REQUIRE(p->gradient.layout() == Layout::plain);
  CHECK(numbers(p->gradient) == std::vector<float>{6, 5, 4, 3, 2, 1});
}

TEST_CASE("values live until the backward that needs them last, inputs as long as the tape") {
  Tape tape({.mode = kTraining});
  const Variable x = tape.input(Tensor::from({1, 2}, std::vector<float>{1, -1}), true);
  const Variable h = tape.apply("first", std::make_shared<Relu>(), {&x, 1});
  const Variable y = tape.apply("second", std::make_shared<Relu>(), {&h, 1});
  const std::weak_ptr<std::byte> middle = tape.value(h).storage();
  CHECK_FALSE(middle.expired());
  tape.backward(y, Tensor::from({1, 2}, std::vector<float>{1, 1}));
  CHECK(middle.expired());
  CHECK(tape.value(x));
}

TEST_CASE("nothing is kept when nothing is recorded, and no gradient comes where none was asked for") {
  const auto weights = parameter({1, 2}, {1, 1});
  Tape tape({.mode = kTraining, .record = false});
  const Variable src[] = {tape.input(Tensor::from({1, 2}, std::vector<float>{1, 2})), tape.parameter(weights)};
  const Variable y = tape.apply("linear", std::make_shared<Linear>(Linear::Parameters{false}), src);
  CHECK(numbers(tape.value(y)) == std::vector<float>{3});
  tape.backward(y, Tensor::from({1, 1}, std::vector<float>{1}));
  CHECK_FALSE(weights->gradient);
}

TEST_CASE("running statistics move in training only, and only when asked") {
  for (const bool training : {true, false}) {
    for (const bool update : {true, false}) {
      const auto mean = parameter({1}, {0});
      const auto variance = parameter({1}, {1});
      mean->buffer = variance->buffer = true;
      Tape tape({.mode = {.training = training}, .update_buffers = update});
      const Variable src[] = {tape.input(Tensor::from({1, 1, 1, 2}, std::vector<float>{10, 20})),
                              tape.parameter(parameter({1}, {1})), tape.parameter(parameter({1}, {0})),
                              tape.parameter(mean), tape.parameter(variance)};
      tape.apply("bn", std::make_shared<BatchNorm>(), src);
      CHECK((mean->value.floats()[0] != 0) == (training && update));
      CHECK((variance->value.floats()[0] != 1) == (training && update));
    }
  }
}

TEST_CASE("messages: the layer whose shapes do not fit, the gradient that does not fit, inference without backward") {
  Tape tape({.mode = kTraining});
  const Variable both[] = {tape.input(Tensor::zeros({{1, 2}}), true), tape.input(Tensor::zeros({{1, 3}}))};
  try {
    tape.apply("block3/sum", std::make_shared<Arithmetic>(Arithmetic::Kind::add), both);
    FAIL("added [1,2] and [1,3]");
  } catch (const InvalidArgument& error) {
    const std::string message = error.what();
    for (const char* part : {"block3/sum", "add", "[1,2]", "[1,3]"}) {
      INFO(message << " should say " << part);
      CHECK(message.find(part) != std::string::npos);
    }
  }
  CHECK_THROWS_AS(tape.backward(both[0], Tensor::zeros({{1, 3}})), InvalidArgument);
  Tape inference({.mode = {.training = false}});
  const Variable x = inference.input(Tensor::zeros({{1, 2, 3, 3}}), true);
  const Variable y = inference.apply("pool", std::make_shared<Pool>(Pool::Kind::average), {&x, 1});
  CHECK_THROWS_AS(inference.backward(y, Tensor::zeros({{1, 2, 1, 1}})), Error);
}
