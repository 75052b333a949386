// Convolutions with sums and rectifiers in them, and Winograd's algorithms, against the reference.
#include "ops/fused_convolution.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "gradient_check.hpp"
#include "kernels/streamed.hpp"
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

Compiled streamed(const FusedConvolution& op, const Sources& sources) {
  auto constants = op.constants(sources.operands);
  const auto forward = kernels::streamed_forward(op.problem(sources.operands[0].spec, constants[0].shape()));
  CHECK(forward->kernel->implementation() == "streamed:avx512_fp16");
  const Tensor packed(TensorSpec{{static_cast<std::int64_t>(forward->packed_bytes)}, DataType::u8});
  forward->pack->run({constants[0].raw(), packed.raw()});
  constants[0] = packed;
  std::vector<TensorSpec> data{forward->src};
  if (op.sum) data.push_back(forward->dst);
  return {forward->kernel, data, forward->dst, constants};
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
  std::array<std::int64_t, 2> stride{1, 1};
  std::size_t winograd = 0;  // how many of its algorithms
  bool streamed = false;
};

}  // namespace

TEST_CASE("convolution, sum and rectifier in one kernel are their reference, by each of the kernels") {
  test::poison_memory();
  const Case cases[] = {
      // one block of source channels, not full
      {.data = {1, 5, 9, 7}, .weights = {32, 5, 3, 3}, .winograd = 2, .streamed = true},
      // three blocks of results: half a panel
      {.data = {2, 17, 13, 18}, .weights = {48, 17, 3, 3}, .winograd = 1},
      {.data = {1, 64, 28, 28}, .weights = {32, 64, 3, 3}, .winograd = 1},
      {.data = {3, 16, 4, 5}, .weights = {16, 16, 3, 3}, .winograd = 2},  // tiles cut off at every edge
      {.data = {1, 32, 1, 1}, .weights = {16, 32, 3, 3}, .winograd = 2, .streamed = true},
      {.data = {1, 16, 11, 6},
       .weights = {64, 16, 3, 3},
       .pad_begin = {0, 2},
       .pad_end = {1, 0},
       .winograd = 2,
       .streamed = true},
      {.data = {1, 16, 14, 13},
       .weights = {32, 16, 5, 5},
       .pad_begin = {2, 2},
       .pad_end = {2, 2},
       .winograd = 1,
       .streamed = true},
      {.data = {33, 16, 6, 6}, .weights = {16, 16, 3, 3}, .winograd = 2},
      {.data = {1, 16, 5, 5}, .weights = {16, 16, 1, 1}, .pad_begin = {0, 0}, .pad_end = {0, 0}, .streamed = true},
      {.data = {1, 16, 8, 8}, .weights = {17, 16, 3, 3}},  // channels that fill no block
      // Weights that go on for several chunks, the last not full; blocks that make pairs and one alone.
      {.data = {1, 152, 7, 7}, .weights = {80, 152, 3, 3}, .winograd = 2, .streamed = true},
      {.data = {1, 300, 13, 14}, .weights = {96, 300, 1, 1}, .pad_begin = {0, 0}, .pad_end = {0, 0}, .streamed = true},
      {.data = {1, 40, 13, 9}, .weights = {176, 40, 3, 3}, .stride = {2, 2}, .streamed = true},
      {.data = {1, 32, 12, 28}, .weights = {16, 32, 5, 3}, .pad_end = {0, 2}, .stride = {1, 3}, .streamed = true},
  };
  for (const auto& c : cases) {
    for (const bool sum : {false, true}) {
      for (const auto* rectifier : {"none", "relu", "prelu", "one slope"}) {
        const bool prelu = *rectifier == 'p' || *rectifier == 'o';
        Convolution conv({.stride = c.stride,
                          .pad_begin = c.pad_begin,
                          .pad_end = c.pad_end,
                          .bias = sum,
                          .relu = *rectifier == 'r'});
        const FusedConvolution op(conv, sum, prelu);
        const Sources sources = random_sources(op, c.data, c.weights, *rectifier == 'o' ? 1 : c.weights[0]);
        const RefTensor exact = op.reference(sources.exact, {});
        for (const int threads : {1, 3}) {
          const ThreadScope scope(threads);
          INFO(c.data.text() << " by " << c.weights.text() << (sum ? " sum " : " ") << rectifier << ", threads "
                             << threads);
          const Tensor direct = run(op.compile(sources.operands), sources.operands);
          CHECK(test::padding_is_zero(direct));
          CHECK(largest_difference(direct, exact) < 3e-5);
          const auto ways = op.alternatives(sources.operands);
          // It takes over only where the direct one works in the same layout.
          const bool blocked = op.compile(sources.operands).src[0].layout == kernels::native_blocked_layout();
          CHECK(ways.size() == (blocked ? c.winograd + (c.streamed && kernels::has_avx2() ? 1 : 0) : 0));
          for (const auto& way : ways) {
            INFO(way.kernel->implementation());
            const Tensor result = run(way, sources.operands);
            CHECK(test::padding_is_zero(result));
            CHECK(largest_difference(result, exact) < 1e-4);
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

TEST_CASE("float16 where the processor multiplies it: near the reference, for each image of a batch") {
  if (!kernels::has_native_f16()) {
    WARN("SKIPPED: no float16 on " << kernels::instruction_set());
    return;
  }
  test::poison_memory();
  const Case cases[] = {
      {.data = {1, 5, 9, 7}, .weights = {32, 5, 3, 3}},
      {.data = {2, 17, 13, 18}, .weights = {48, 17, 3, 3}},  // three blocks: a group half empty
      {.data = {3, 16, 4, 5}, .weights = {16, 16, 3, 3}},
      {.data = {1, 16, 14, 13}, .weights = {32, 16, 5, 5}, .pad_begin = {2, 2}, .pad_end = {2, 2}},
      {.data = {1, 152, 7, 7}, .weights = {80, 152, 3, 3}},
      {.data = {2, 300, 13, 14}, .weights = {96, 300, 1, 1}, .pad_begin = {0, 0}, .pad_end = {0, 0}},
      {.data = {1, 40, 13, 9}, .weights = {176, 40, 3, 3}, .stride = {2, 2}},
      {.data = {1, 32, 12, 28}, .weights = {16, 32, 5, 3}, .pad_end = {0, 2}, .stride = {1, 3}},
  };
  for (const auto& c : cases) {
    for (const bool sum : {false, true}) {
      const Convolution conv(
          {.stride = c.stride, .pad_begin = c.pad_begin, .pad_end = c.pad_end, .bias = sum, .relu = sum, .f16 = true});
      const FusedConvolution op(conv, sum, !sum);
      const Sources sources = random_sources(op, c.data, c.weights, c.weights[0]);
      const RefTensor exact = op.reference(sources.exact, {});
      for (const int threads : {1, 3}) {
        const ThreadScope scope(threads);
        INFO(c.data.text() << " by " << c.weights.text() << (sum ? " sum" : "") << ", threads " << threads);
        const Tensor result = run(streamed(op, sources), sources.operands);
        CHECK(test::padding_is_zero(result));
        CHECK(largest_difference(result, exact) > 1e-5);  // it does multiply in something else
        CHECK(largest_difference(result, exact) < 3e-2);
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

TEST_CASE("weights are streamed where there is one image and nothing out of the ordinary") {
  const kernels::ConvolutionProblem fits{.src = {1, 16, 8, 8}, .weights = {16, 16, 3, 5}, .stride = {1, 2}};
  CHECK(kernels::has_streamed(fits) == kernels::has_avx2());
  auto other = fits;
  other.src = {2, 16, 8, 8};
  CHECK_FALSE(kernels::has_streamed(other));
  other = fits;
  other.f16 = true;  // of any number of images
  CHECK(kernels::has_streamed(other) == kernels::has_avx2());
  other.src = {2, 16, 8, 8};
  CHECK(kernels::has_streamed(other) == kernels::has_native_f16());
  other = fits;
  other.type = DataType::bf16;
  CHECK(kernels::has_streamed(other) == kernels::has_native_bf16());
  other = fits;
  other.type = DataType::u8;
  CHECK_FALSE(kernels::has_streamed(other));
  other = fits;
  other.dilation = {1, 2};
  CHECK_FALSE(kernels::has_streamed(other));
  other = fits;
  other.weights = {16, 1, 3, 3};
  other.groups = 16;
  CHECK_FALSE(kernels::has_streamed(other));
  other = fits;
  other.weights = {20, 16, 3, 3};
  CHECK_FALSE(kernels::has_streamed(other));
}

TEST_CASE("the rule: fewest multiplications, unless weights take longer to read") {
  if (kernels::native_blocked_layout() != Layout::blocked16) {
    WARN("SKIPPED: what the rule takes with AVX-512");
    return;
  }
  const auto way = [](const Shape& data, std::int64_t kernel, DataType type = DataType::f32, bool f16 = false) {
    const std::int64_t border = kernel / 2;
    const FusedConvolution op(
        Convolution({.pad_begin = {border, border}, .pad_end = {border, border}, .bias = false, .f16 = f16}), false,
        false);
    auto sources = random_sources(op, data, {f16 ? 64 : 32, data[1], kernel, kernel}, 1);
    sources.operands[0].spec.type = type;
    const auto sure = op.sure_alternative(sources.operands);
    return sure ? sure->kernel->implementation() : "direct";
  };
  CHECK(way({1, 32, 28, 28}, 3) == "winograd4x4:avx512");
  CHECK(way({1, 32, 14, 14}, 3) == "winograd2x2:avx512");
  CHECK(way({1, 32, 8, 8}, 3) == "winograd2x2:avx512");
  CHECK(way({1, 32, 6, 6}, 3) == "streamed:avx512");
  CHECK(way({1, 32, 14, 14}, 1) == "streamed:avx512");
  CHECK(way({16, 32, 8, 8}, 3) == "winograd4x4:avx512");
  CHECK(way({16, 32, 7, 7}, 3) == "winograd4x4:avx512");
  CHECK(way({16, 32, 6, 6}, 3) == "winograd2x2:avx512");  // as many multiplications, fewer weights
  CHECK(way({2, 32, 3, 3}, 3) == "direct");
  CHECK(way({16, 3, 28, 28}, 3) == "direct");
  const bool f16 = kernels::has_native_f16();
  const auto in_f16 = [&](const Shape& data, std::int64_t kernel) { return way(data, kernel, DataType::f32, true); };
  CHECK(in_f16({1, 32, 28, 28}, 3) == "winograd4x4:avx512");
  CHECK(in_f16({16, 32, 8, 8}, 3) == "winograd4x4:avx512");
  CHECK(in_f16({1, 32, 8, 8}, 3) == "winograd2x2:avx512");
  CHECK(in_f16({1, 32, 6, 6}, 3) == (f16 ? "streamed:avx512_fp16" : "streamed:avx512"));
  CHECK(in_f16({2, 32, 3, 3}, 3) == (f16 ? "streamed:avx512_fp16" : "direct"));
  CHECK(in_f16({1, 80, 28, 28}, 1) == (f16 ? "streamed:avx512_fp16" : "direct"));
  CHECK(in_f16({1, 64, 28, 28}, 1) == "direct");  // few products for each result
  CHECK(in_f16({1, 64, 6, 6}, 1) == "streamed:avx512");
  CHECK(in_f16({16, 3, 28, 28}, 3) == "direct");
  if (!kernels::has_native_bf16()) return;
  CHECK(way({1, 32, 28, 28}, 3, DataType::bf16) == "winograd4x4:avx512");
  CHECK(way({1, 32, 14, 14}, 3, DataType::bf16) == "direct");
  CHECK(way({1, 32, 8, 8}, 3, DataType::bf16) == "direct");
  CHECK(way({16, 32, 8, 8}, 3, DataType::bf16) == "winograd4x4:avx512");
  CHECK(way({16, 32, 7, 7}, 3, DataType::bf16) == "direct");  // tiles that hang over
  CHECK(way({1, 32, 14, 14}, 1, DataType::bf16) == "streamed:avx512_bf16");
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
