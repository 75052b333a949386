// Convolutions with sums and rectifiers in them, and Winograd's algorithms, against the reference.
#include "ops/fused_convolution.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "kernels/winograd.hpp"

namespace facenet {
namespace {

RefTensor random_tensor(const Shape& shape, Random& random, double scale = 1) {
  RefTensor result(shape);
  for (auto& v : result.values) v = random.normal() * scale;
  return result;
}

struct Sources {
  std::vector<RefTensor> exact;
  std::vector<Operand> operands;
};

// Data, the second source, weights, bias and slopes as the operator wants them; their numbers are floats.
Sources random_sources(const FusedConvolution& op, const Shape& data, const Shape& weights, std::int64_t slopes) {
  Random random(3);
  const bool bias = op.plain.parameters.bias;
  std::vector<Shape> shapes{data, weights};
  if (bias) shapes.push_back({weights[0]});
  const Shape dst = op.plain.shape(shapes);
  if (op.sum) shapes.insert(shapes.begin() + 1, dst);
  if (op.prelu) shapes.push_back({slopes});
  Sources result;
  const std::size_t constants = shapes.size() - op.parameter_inputs();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const bool is_weights = i == constants;
    const double scale = is_weights ? 1 / std::sqrt(static_cast<double>(weights.elements() / weights[0])) : 1;
    const Tensor tensor = test::to_tensor(random_tensor(shapes[i], random, scale));
    result.exact.push_back(test::to_reference(tensor));
    result.operands.push_back({tensor.spec(), tensor});
  }
  return result;
}

Tensor run(const Compiled& compiled, std::span<const Operand> operands) {
  std::vector<Tensor> kept;
  for (std::size_t i = 0; i < compiled.src.size(); ++i) {
    kept.push_back(kernels::reorder(operands[i].constant, compiled.src[i].type, compiled.src[i].layout));
  }
  kept.insert(kept.end(), compiled.constants.begin(), compiled.constants.end());
  kept.emplace_back(compiled.dst);
  std::vector<void*> arguments;
  for (const auto& tensor : kept) arguments.push_back(tensor.raw());
  compiled.kernel->run(std::span<void* const>(arguments));
  return kept.back();
}

double largest_difference(const Tensor& result, const RefTensor& exact) {
  const RefTensor values = test::to_reference(result);
  double largest = values.shape == exact.shape ? 0 : 1e9;
  for (std::size_t i = 0; i < values.values.size() && i < exact.values.size(); ++i) {
    largest = std::max(largest, std::abs(values.values[i] - exact.values[i]));
  }
  return largest;
}

struct Case {
  Shape data, weights;
  std::array<std::int64_t, 2> pad_begin{1, 1}, pad_end{1, 1};
  std::size_t ways;  // of Winograd's
};

}  // namespace

TEST_CASE("convolution, sum and rectifier in one kernel are their reference, directly and by Winograd") {
  test::poison_memory();
  const Case cases[] = {
      {.data = {1, 5, 9, 7}, .weights = {32, 5, 3, 3}, .ways = 2},      // one block of source channels, not full
      {.data = {2, 17, 13, 18}, .weights = {48, 17, 3, 3}, .ways = 1},  // three blocks of results: half a panel
      {.data = {1, 64, 28, 28}, .weights = {32, 64, 3, 3}, .ways = 1},
      {.data = {3, 16, 4, 5}, .weights = {16, 16, 3, 3}, .ways = 2},  // tiles cut off at every edge
      {.data = {1, 32, 1, 1}, .weights = {16, 32, 3, 3}, .ways = 2},
      {.data = {1, 16, 11, 6}, .weights = {64, 16, 3, 3}, .pad_begin = {0, 2}, .pad_end = {1, 0}, .ways = 2},
      {.data = {1, 16, 14, 13}, .weights = {32, 16, 5, 5}, .pad_begin = {2, 2}, .pad_end = {2, 2}, .ways = 1},
      {.data = {33, 16, 6, 6}, .weights = {16, 16, 3, 3}, .ways = 2},
      {.data = {1, 16, 5, 5}, .weights = {16, 16, 1, 1}, .pad_begin = {0, 0}, .pad_end = {0, 0}, .ways = 0},
      {.data = {1, 16, 8, 8}, .weights = {17, 16, 3, 3}, .ways = 0},  // channels that fill no block
  };
  for (const auto& c : cases) {
    for (const bool sum : {false, true}) {
      for (const auto* rectifier : {"none", "relu", "prelu", "one slope"}) {
        const bool prelu = *rectifier == 'p' || *rectifier == 'o';
        Convolution conv({.pad_begin = c.pad_begin, .pad_end = c.pad_end, .bias = sum, .relu = *rectifier == 'r'});
        const FusedConvolution op(conv, sum, prelu);
        const Sources sources = random_sources(op, c.data, c.weights, *rectifier == 'o' ? 1 : c.weights[0]);
        const RefTensor exact = op.reference(sources.exact, {});
        for (const int threads : {1, 3}) {
          const ThreadScope scope(threads);
          INFO(c.data.text() << " by " << c.weights.text() << (sum ? " sum " : " ") << rectifier << ", threads "
                             << threads);
          const Tensor direct = run(op.compile(sources.operands), sources.operands);
          CHECK(test::padding_is_zero(direct));
          CHECK(largest_difference(direct, exact) < 1e-5);
          const auto ways = op.alternatives(sources.operands);
          // It takes over only where the direct one works in the same layout.
          const bool blocked = op.compile(sources.operands).src[0].layout == kernels::native_blocked_layout();
          CHECK(ways.size() == (blocked ? c.ways : 0));
          for (const auto& way : ways) {
            INFO(way.kernel->implementation());
            CHECK(largest_difference(run(way, sources.operands), exact) < 1e-4);
          }
          auto bf16 = sources;
          bf16.operands[0].spec.type = DataType::bf16;
          if (!kernels::has_native_bf16()) continue;
          for (const auto& way : op.alternatives(bf16.operands)) {
            CHECK(way.dst.type == DataType::bf16);
            CHECK(largest_difference(run(way, sources.operands), exact) < 0.1);
          }
        }
      }
    }
  }
}

TEST_CASE("Winograd is for what it can do") {
  const kernels::ConvolutionProblem fits{.src = {1, 16, 8, 8}, .weights = {16, 16, 3, 3}};
  CHECK(kernels::has_winograd(fits, 4));
  CHECK(kernels::has_winograd(fits, 2));
  CHECK_FALSE(kernels::has_winograd(fits, 3));
  auto other = fits;
  other.stride = {2, 2};
  CHECK_FALSE(kernels::has_winograd(other, 4));
  other = fits;
  other.dilation = {1, 2};
  CHECK_FALSE(kernels::has_winograd(other, 4));
  other = fits;
  other.weights = {16, 1, 3, 3};
  other.groups = 16;
  CHECK_FALSE(kernels::has_winograd(other, 4));
  other = fits;
  other.weights = {16, 16, 3, 5};
  CHECK_FALSE(kernels::has_winograd(other, 4));
}

TEST_CASE("a fused convolution refuses sources that do not fit") {
  const FusedConvolution op(Convolution({.bias = false}), true, true);
  const std::vector<Shape> fit{{1, 4, 5, 5}, {1, 8, 5, 5}, {8, 4, 1, 1}, {8}};
  CHECK(op.shape(fit) == Shape{1, 8, 5, 5});
  for (const std::size_t wrong : {1U, 3U}) {
    auto shapes = fit;
    shapes[wrong] = wrong == 1 ? Shape{1, 8, 5, 4} : Shape{7};
    CHECK_THROWS_AS(op.shape(shapes), InvalidArgument);
  }
  CHECK_THROWS_AS(op.shape(std::span(fit).first(3)), InvalidArgument);
}

}  // namespace facenet
