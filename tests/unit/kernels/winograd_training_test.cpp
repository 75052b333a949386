// Winograd's algorithms in a training step against the direct ones.
#include "kernels/winograd_training.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"

namespace facenet::kernels {
namespace {

Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  Tensor tensor(TensorSpec{shape});
  Random random(seed, 0);
  for (auto& value : tensor.floats()) value = static_cast<float>(random.normal());
  return tensor;
}

// The largest difference over the largest value.
double difference(const Tensor& a, const Tensor& b) {
  const Tensor left = to_plain(a);
  const Tensor right = to_plain(b);
  REQUIRE(left.shape() == right.shape());
  double worst = 0;
  double largest = 0;
  for (std::size_t i = 0; i < left.floats().size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(left.floats()[i]) - static_cast<double>(right.floats()[i])));
    largest = std::max(largest, std::abs(static_cast<double>(right.floats()[i])));
  }
  return worst / largest;
}

template <typename Convolution>
Tensor run(const Convolution& convolution, const TensorSpec& src, const TensorSpec& dst, const Tensor& data,
           const Tensor& weights) {
  const Tensor packed(TensorSpec{{static_cast<std::int64_t>(convolution.packed_bytes)}, DataType::u8});
  convolution.pack->run({weights.raw(), packed.raw()});
  const Tensor from = reorder(data, src.type, src.layout);
  Tensor to(dst);
  convolution.kernel->run({from.raw(), packed.raw(), to.raw()});
  return to;
}

ConvolutionProblem problem(std::int64_t inputs, std::int64_t outputs, std::int64_t side, std::int64_t kernel,
                           std::int64_t before, std::int64_t after) {
  return {.src = {3, inputs, side, side + 1},
          .weights = {outputs, inputs, kernel, kernel},
          .pad_begin = {before, before},
          .pad_end = {after, after}};
}

}  // namespace

TEST_CASE("a training step's Winograd convolutions are the direct ones but for rounding") {
  for (const int threads : {1, 2}) {
    const ThreadScope scope(threads);
    for (const ConvolutionProblem& p :
         {problem(32, 48, 24, 3, 1, 1), problem(64, 32, 7, 3, 1, 1), problem(48, 96, 3, 3, 1, 1),
          problem(32, 64, 12, 5, 2, 2), problem(32, 32, 13, 3, 0, 0), problem(48, 80, 9, 3, 2, 1)}) {
      INFO(p.src.text() << " with " << p.weights.text() << ", " << threads << " threads");
      const Tensor weights = random_tensor(p.weights, 1);
      const auto direct = convolution_forward(p);
      const auto forward = winograd_training_forward(p);
      REQUIRE(forward != nullptr);
      const Tensor src = random_tensor(p.src, 2);
      CHECK(difference(run(*forward, forward->src, forward->dst, src, weights),
                       run(*direct, direct->src, direct->dst, src, weights)) < 1e-5);
      const auto direct_back = convolution_backward_data(p);
      const auto back = winograd_training_backward_data(p);
      REQUIRE(back != nullptr);
      const Tensor diff_dst = random_tensor(direct_back->diff_dst.shape, 3);
      CHECK(difference(run(*back, back->diff_dst, back->diff_src, diff_dst, weights),
                       run(*direct_back, direct_back->diff_dst, direct_back->diff_src, diff_dst, weights)) < 1e-5);
    }
  }
}

TEST_CASE("a training step takes no Winograd convolution where there is none, or none that pays") {
  const auto none = [](const ConvolutionProblem& p) {
    return winograd_training_forward(p) == nullptr && winograd_training_backward_data(p) == nullptr;
  };
  ConvolutionProblem p = problem(32, 48, 24, 3, 1, 1);
  p.stride = {2, 2};
  CHECK(none(p));
  p = problem(32, 48, 24, 3, 1, 1);
  p.type = DataType::bf16;
  CHECK(none(p));
  p = problem(32, 48, 24, 3, 1, 1);
  p.dilation = {2, 2};
  CHECK(none(p));
  CHECK(none(problem(32, 48, 24, 1, 0, 0)));
  CHECK(none(problem(3, 64, 24, 3, 1, 1)));
  p = problem(32, 48, 24, 3, 1, 1);
  p.weights = {48, 32, 3, 1};
  p.pad_begin = p.pad_end = {1, 0};
  CHECK(none(p));
  p = problem(32, 48, 24, 3, 1, 1);
  p.pad_begin = {3, 1};  // more than the gradient's convolution can take off
  CHECK(winograd_training_backward_data(p) == nullptr);
}

}  // namespace facenet::kernels
