// The operators of quantised networks against their references, and where the pass does not use them.
#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "catch.hpp"
#include "graph/passes/passes.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/int8.hpp"

namespace facenet {
namespace {

std::vector<float> floats_of(const RefTensor& ref) { return {ref.values.begin(), ref.values.end()}; }

// Values within the unit's range, and the bytes that stand for them.
struct Data {
  RefTensor bytes;
  Tensor tensor;
};
Data random_bytes(const Shape& shape, const Quantisation& unit, Random& random) {
  RefTensor values(shape);
  const double low = unit.type == DataType::u8 ? 0 : -127;
  for (auto& v : values.values) v = (low + static_cast<double>(random.below(unit.type == DataType::u8 ? 256 : 255)));
  RefTensor real = values;
  for (auto& v : real.values) v *= static_cast<double>(unit.step);
  Saved saved;
  const Tensor source = Tensor::from(shape, floats_of(real));
  return {values, Quantise({}, unit).forward({&source, 1}, {}, saved)};
}

// As plain numbers, in steps.
std::vector<float> steps_of(const Tensor& tensor) {
  Saved saved;
  const Quantise to_float({tensor.type(), 1}, {});
  const Tensor result = kernels::to_plain(to_float.forward({&tensor, 1}, {}, saved));
  return {result.floats().begin(), result.floats().end()};
}

float largest_difference(std::span<const float> a, std::span<const double> b) {
  float largest = a.size() == b.size() ? 0.0F : 1e9F;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(a[i] - static_cast<float>(b[i])));
  }
  return largest;
}

}  // namespace

TEST_CASE("a change of unit rounds, cuts, and comes back") {
  const std::vector<float> values{0, 0.24F, 0.26F, 1, -1, 1e6F, -1e6F, 63.5F};
  const Tensor source = Tensor::from({1, 8, 1, 1}, values);
  Saved saved;
  const Tensor u8 = Quantise({}, {DataType::u8, 0.5F}).forward({&source, 1}, {}, saved);
  CHECK(u8.type() == DataType::u8);
  CHECK(steps_of(u8) == std::vector<float>{0, 0, 1, 2, 0, 255, 0, 127});
  const Tensor s8 = Quantise({}, {DataType::s8, 0.5F}).forward({&source, 1}, {}, saved);
  CHECK(steps_of(s8) == std::vector<float>{0, 0, 1, 2, -2, 127, -128, 127});
  const Tensor back = Quantise({DataType::s8, 0.5F}, {}).forward({&s8, 1}, {}, saved);
  const Tensor plain = kernels::to_plain(back);
  CHECK(std::vector<float>(plain.floats().begin(), plain.floats().end()) ==
        std::vector<float>{0, 0, 0.5F, 1, -1, 63.5F, -64, 63.5F});
}

TEST_CASE("int8 convolutions are their reference to one step, over odd shapes, signs and results") {
  Random random(7);
  struct Case {
    Shape src, weights;
    Convolution::Parameters p;
  };
  const Case cases[] = {
      {{1, 3, 17, 15}, {32, 3, 7, 7}, {.stride = {2, 2}, .pad_begin = {3, 3}, .pad_end = {3, 3}, .relu = true}},
      {{2, 64, 7, 7}, {48, 64, 1, 1}, {.relu = true}},
      {{3, 32, 9, 8}, {17, 32, 3, 3}, {.stride = {2, 2}, .pad_begin = {1, 1}, .pad_end = {1, 1}, .bias = false}},
      {{1, 16, 5, 5}, {16, 16, 5, 5}, {.pad_begin = {2, 2}, .pad_end = {2, 2}}},
  };
  for (const auto& [shape, weight_shape, parameters] : cases) {
    for (const auto type : {DataType::u8, DataType::s8}) {
      for (const auto result : {DataType::f32, DataType::u8, DataType::s8}) {
        const Quantisation unit{type, 0.02F};
        const Quantisation made{result, result == DataType::f32 ? 1.0F : 0.11F};
        const Int8Convolution op(FusedConvolution(Convolution(parameters)), unit, made);
        if (!op.has_kernel(shape, weight_shape)) {
          WARN("SKIPPED: no fast kernel for " << shape.text());
          continue;
        }
        INFO(shape.text() << " " << weight_shape.text() << " " << name_of(type) << " " << name_of(result));
        const Data data = random_bytes(shape, unit, random);
        RefTensor weights(weight_shape);
        for (auto& v : weights.values) v = (random.uniform() - 0.5) * 0.3;
        RefTensor bias({weight_shape[0]});
        for (auto& v : bias.values) v = random.uniform() - 0.5;
        std::vector<RefTensor> refs{data.bytes, weights};
        std::vector<Tensor> tensors{data.tensor, Tensor::from(weight_shape, floats_of(weights))};
        if (parameters.bias) {
          refs.push_back(bias);
          tensors.push_back(Tensor::from(bias.shape, floats_of(bias)));
        }
        Saved saved;
        const Tensor dst = op.forward(tensors, {}, saved);
        CHECK(dst.type() == result);
        const RefTensor exact = op.reference(refs, {});
        const auto got = steps_of(dst);
        CHECK(largest_difference(got, exact.values) <= (result == DataType::f32 ? 2e-3F : 1.0F));
      }
    }
  }
}

TEST_CASE("int8 convolutions with a sum of bytes and a rectifier are their reference to one step") {
  Random random(8);
  const Shape shape{2, 32, 9, 7};
  for (const std::int64_t groups : {1, 32}) {
    const Shape weight_shape{32, 32 / groups, 3, 3};
    for (const auto added : {DataType::u8, DataType::s8}) {
      for (const auto result : {DataType::f32, DataType::u8, DataType::s8}) {
        for (const bool prelu : {false, true}) {
          for (const bool sum : {true, false}) {
            if (!sum && !prelu) continue;
            const Quantisation unit{DataType::u8, 0.02F};
            const Quantisation second{added, 0.03F};
            const Quantisation made{result, result == DataType::f32 ? 1.0F : 0.11F};
            const Convolution conv(
                {.pad_begin = {1, 1}, .pad_end = {1, 1}, .groups = groups, .relu = result == DataType::u8 && !prelu});
            const Int8Convolution op(FusedConvolution(conv, sum, prelu), unit, made, second);
            if (!op.has_kernel(shape, weight_shape)) {
              WARN("SKIPPED: no fast kernel for " << shape.text());
              continue;
            }
            INFO(groups << " " << op.name() << " " << name_of(added) << " " << name_of(result));
            const Data data = random_bytes(shape, unit, random);
            const Data residual = random_bytes(shape, second, random);
            const auto random_floats = [&](const Shape& s, double low, double high) {
              RefTensor values(s);
              for (auto& v : values.values) v = static_cast<double>(static_cast<float>(random.uniform(low, high)));
              return values;
            };
            std::vector<RefTensor> refs{data.bytes};
            std::vector<Tensor> tensors{data.tensor};
            if (sum) {
              refs.push_back(residual.bytes);
              tensors.push_back(residual.tensor);
            }
            refs.push_back(random_floats(weight_shape, -0.1, 0.1));
            refs.push_back(random_floats({32}, -0.5, 0.5));
            if (prelu) refs.push_back(random_floats({32}, -0.3, 0.6));
            for (std::size_t i = tensors.size(); i < refs.size(); ++i) {
              tensors.push_back(Tensor::from(refs[i].shape, floats_of(refs[i])));
            }
            Saved saved;
            const Tensor dst = op.forward(tensors, {}, saved);
            CHECK(dst.type() == result);
            const RefTensor exact = op.reference(refs, {});
            CHECK(largest_difference(steps_of(dst), exact.values) <= (result == DataType::f32 ? 2e-3F : 1.0F));
            CHECK(*std::max_element(exact.values.begin(), exact.values.end()) > 1);
          }
        }
      }
    }
  }
}

TEST_CASE("L2 pooling of bytes is its reference to one step") {
  Random random(9);
  for (const std::int64_t stride : {1, 2}) {
    for (const std::int64_t channels : {3, 64, 80}) {
      const Pool pool(Pool::Kind::l2, {.stride = {stride, stride}, .pad_begin = {1, 1}, .pad_end = {1, 1}});
      const Quantisation unit{DataType::u8, 0.02F};
      const Int8L2Pool op(pool, unit, {DataType::u8, 0.05F});
      const Data data = random_bytes({2, channels, 7, 5}, unit, random);
      Saved saved;
      const Tensor dst = op.forward({&data.tensor, 1}, {}, saved);
      const RefTensor exact = op.reference({&data.bytes, 1}, {});
      CHECK(dst.type() == DataType::u8);
      CHECK(largest_difference(steps_of(dst), exact.values) <= 1);
      CHECK(*std::max_element(exact.values.begin(), exact.values.end()) > 100);
    }
  }
}

TEST_CASE("L2 pooling of bytes is not for windows whose squares may not fit into their sum") {
  const auto parameter = [](const Shape& shape) {
    auto p = std::make_shared<Parameter>();
    p->name = shape.text();
    p->value = Tensor::zeros(TensorSpec{shape});
    return p;
  };
  for (const std::int64_t side : {100, 200}) {
    Graph graph(Shape{1, side, side, 3});
    const auto conv = [&](int src, const std::string& name, std::int64_t channels) {
      const int sources[] = {src, graph.add_parameter(parameter({16, channels, 1, 1}))};
      return graph.add_node(name, std::make_shared<Convolution>(Convolution::Parameters{.bias = false, .relu = true}),
                            sources);
    };
    const int image[] = {0};
    const int pixels = graph.add_node("pixels", std::make_shared<ImageToTensor>(), image);
    const int maps[] = {conv(pixels, "first", 3)};
    const int pooled =
        graph.add_node("pool", std::make_shared<Pool>(Pool::Kind::l2, Pool::Parameters{.window = {0, 0}}), maps);
    conv(pooled, "second", 16);
    const Graph quantised =
        passes::in_int8(graph, {.largest = {{"first", 1}, {"pool", 100}, {"second", 1}}, .in_f32 = {}});
    const bool bytes =
        std::ranges::any_of(quantised.nodes(), [](const auto& n) { return n.op->name() == "int8_l2_pool"; });
    CHECK(bytes == (side == 100));
  }
}

TEST_CASE("quantised layers are not trained") {
  const std::vector<bool> needed{true};
  const Saved saved;
  const Tensor none;
  CHECK_THROWS_AS(Quantise({}, {DataType::u8, 1}).backward({{}, none, saved, none, needed}), Error);
}

}  // namespace facenet
