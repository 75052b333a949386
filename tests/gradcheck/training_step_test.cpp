// A training step runs on fast kernels only. Also run with oneDNN held to AVX2 (tests/CMakeLists.txt).
#include <cmath>

#include "autograd/tape.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "models/architectures.hpp"
#include "ops/batch_norm.hpp"
#include "ops/convolution.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/linear.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/pool.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

ParameterPtr parameter(const RefTensor& values, bool buffer = false) {
  auto p = std::make_shared<Parameter>();
  p->value = to_tensor(values);
  p->buffer = buffer;
  return p;
}

RefTensor constant(std::int64_t count, double value) {
  RefTensor tensor({count});
  for (auto& v : tensor.values) v = value;
  return tensor;
}

// Images, convolution, batch normalisation, maximum, response normalisation, convolution, L2 pooling, linear.
std::vector<ParameterPtr> small_step(bool bf16, std::int64_t batch) {
  Random random(41);
  Tape tape({.mode = {.training = true, .seed = 1}});
  std::vector<ParameterPtr> parameters;
  const auto apply = [&](const OperatorPtr& op, Variable src, const std::vector<ParameterPtr>& own) {
    std::vector<Variable> all{src};
    for (const auto& p : own) all.push_back(tape.parameter(p));
    parameters.insert(parameters.end(), own.begin(), own.end());
    return tape.apply(std::string(op->name()), op, all);
  };
  RefTensor images({batch, 24, 24, 3});
  for (auto& v : images.values) v = static_cast<double>(random.below(256));
  ImageToTensor::Parameters input;
  input.bf16 = bf16;
  Variable x = apply(std::make_shared<ImageToTensor>(input), tape.input(to_tensor(images, DataType::u8)), {});
  const Convolution::Parameters first{.stride = {2, 2}, .pad_begin = {3, 3}, .pad_end = {3, 3}, .bias = false};
  x = apply(std::make_shared<Convolution>(first), x, {parameter(normal({32, 3, 7, 7}, random, 0.1))});
  x = apply(std::make_shared<BatchNorm>(BatchNorm::Parameters{.relu = true}), x,
            {parameter(constant(32, 1)), parameter(constant(32, 0)), parameter(constant(32, 0), true),
             parameter(constant(32, 1), true)});
  const Pool::Parameters pool{.stride = {2, 2}, .pad_begin = {1, 1}, .pad_end = {1, 1}};
  x = apply(std::make_shared<Pool>(Pool::Kind::maximum, pool), x, {});
  x = apply(std::make_shared<LocalResponseNorm>(), x, {});
  const Convolution::Parameters second{.pad_begin = {1, 1}, .pad_end = {1, 1}, .relu = true};
  x = apply(std::make_shared<Convolution>(second), x,
            {parameter(normal({48, 32, 3, 3}, random, 0.1)), parameter(constant(48, 0.1))});
  x = apply(std::make_shared<Pool>(Pool::Kind::l2, pool), x, {});
  x = apply(std::make_shared<Linear>(), x, {parameter(normal({8, 48 * 9}, random, 0.1)), parameter(constant(8, 0))});
  tape.backward(x, to_tensor(normal({batch, 8}, random)));
  return parameters;
}

void expect_no_slow_kernel() {
  std::string slow;
  for (const auto& name : kernels::reference_kernels_built()) slow += name + "; ";
  CHECK(slow == "");
}

}  // namespace

TEST_CASE("a small network's training step has no slow kernel", "[step]") {
  for (const std::int64_t batch : {1, 6}) {
    for (const auto& p : small_step(false, batch)) {
      if (!p->buffer) CHECK(p->gradient);
    }
  }
  expect_no_slow_kernel();
}

TEST_CASE("a small network's training step in bf16 has no slow kernel and gives about the float's gradients",
          "[step]") {
  if (!kernels::has_native_bf16()) {
    WARN("SKIPPED: no bf16 on " << kernels::instruction_set());
    return;
  }
  const auto bf16 = small_step(true, 6);
  const auto f32 = small_step(false, 6);
  expect_no_slow_kernel();
  for (std::size_t i = 0; i < f32.size(); ++i) {
    if (f32[i]->buffer) continue;
    double error = 0;
    double size = 0;
    const auto a = bf16[i]->gradient.floats();
    const auto b = f32[i]->gradient.floats();
    for (std::size_t k = 0; k < a.size(); ++k) {
      error += std::pow(static_cast<double>(a[k]) - static_cast<double>(b[k]), 2);
      size += std::pow(static_cast<double>(b[k]), 2);
    }
    INFO("parameter " << i << " of " << f32[i]->value.shape().text());
    CHECK(std::sqrt(error) < 0.15 * std::sqrt(size));  // maxima and ReLU choose otherwise here and there
  }
}

TEST_CASE("training steps of the networks have no slow kernel", "[step]") {
  for (const auto norm : {nn::Norm::batch, nn::Norm::lrn}) {
    models::ArchitectureOptions options;
    options.norm = norm;
    for (const Graph& graph : {models::tiny(options), models::nn4(options)}) {
      const Shape image = graph.value(0).shape;
      Tape tape({.mode = {.training = true, .seed = 1}});
      RefTensor images(image.with_batch(2));
      Random random(42);
      for (auto& v : images.values) v = static_cast<double>(random.below(256));
      const Variable dst = graph.forward(tape, tape.input(to_tensor(images, DataType::u8)));
      tape.backward(dst, to_tensor(normal(tape.shape(dst), random)));
      for (const auto& p : graph.parameters()) {
        INFO(p->name);
        if (!p->buffer) CHECK(p->gradient);
      }
    }
  }
  expect_no_slow_kernel();
}
