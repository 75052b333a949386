// Batch, layer and local response normalisation, lines of unit length.
#include <cmath>

#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/batch_norm.hpp"
#include "ops/l2_normalize.hpp"
#include "ops/layer_norm.hpp"
#include "ops/local_response_norm.hpp"

using namespace facenet;
using namespace facenet::test;

TEST_CASE("batch normalisation: odd channels, small batches, with and without ReLU") {
  for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
    for (const bool relu : {false, true}) {
      for (const std::int64_t batch : {1, 3}) {
        check_operator(away_from_zero(BatchNorm(), [&](Random& random) {
          const Shape vector{channels};
          RefTensor variance = normal(vector, random);
          for (auto& v : variance.values) v = 0.5 + std::abs(v);
          for (auto& v : variance.values) v = static_cast<double>(static_cast<float>(v));
          return OperatorCase{std::make_shared<BatchNorm>(BatchNorm::Parameters{.relu = relu}),
                              {normal({batch, channels, 5, 3}, random, 2, 0.5), normal(vector, random, 0.5, 1),
                               normal(vector, random), normal(vector, random), variance},
                              {3, 4}};
        }));
      }
    }
  }
}

TEST_CASE("batch normalisation, frozen: training by the running statistics, which stay") {
  for (const bool relu : {false, true}) {
    check_operator(away_from_zero(BatchNorm(), [&](Random& random) {
      const Shape vector{17};
      RefTensor variance = normal(vector, random);
      for (auto& v : variance.values) v = static_cast<double>(static_cast<float>(0.5 + std::abs(v)));
      return OperatorCase{std::make_shared<BatchNorm>(BatchNorm::Parameters{.relu = relu, .frozen = true}),
                          {normal({3, 17, 5, 3}, random, 2, 0.5), normal(vector, random, 0.5, 1),
                           normal(vector, random), normal(vector, random), variance},
                          {3, 4}};
    }));
  }
  Random random(4);
  const BatchNorm op(BatchNorm::Parameters{.frozen = true});
  const std::vector<float> ones(3, 1.0F);
  const Tensor mean = Tensor::from({3}, std::vector<float>{1, 2, 3});
  const Tensor all[] = {to_tensor(normal({2, 3, 2, 2}, random, 3, 1)), Tensor::from({3}, ones), Tensor::from({3}, ones),
                        mean, Tensor::from({3}, ones)};
  Saved saved;
  const Tensor trained = op.forward(all, {.training = true}, saved);
  op.update_buffers(all, saved);
  CHECK(mean.floats()[1] == 2.0F);
  Saved none;
  const RefTensor a = to_reference(trained);
  const RefTensor b = to_reference(op.forward(all, {}, none));
  for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(a.values[i] == Approx(b.values[i]).margin(1e-5));
}

TEST_CASE("batch normalisation: one pixel for each image") {
  Random random(3);
  const Shape vector{17};
  RefTensor ones(vector);
  for (auto& v : ones.values) v = 1;
  check_operator(
      {std::make_shared<BatchNorm>(),
       {normal({5, 17, 1, 1}, random), normal(vector, random), normal(vector, random), normal(vector, random), ones},
       {3, 4}});
}

TEST_CASE("batch normalisation moves running statistics towards the batch's, the variance unbiased") {
  Random random(4);
  const RefTensor src = normal({2, 3, 2, 2}, random, 3, 1);
  const BatchNorm op(BatchNorm::Parameters{.momentum = 0.25F});
  const Tensor mean = Tensor::from({3}, std::vector<float>{1, 2, 3});
  const Tensor variance = Tensor::from({3}, std::vector<float>{4, 5, 6});
  const std::vector<float> ones(3, 1.0F);
  const Tensor all[] = {to_tensor(src), Tensor::from({3}, ones), Tensor::from({3}, ones), mean, variance};
  Saved saved;
  (void)op.forward(all, {.training = true}, saved);
  CHECK(mean.floats()[0] == 1.0F);  // forward alone leaves them
  op.update_buffers(all, saved);
  for (std::int64_t c = 0; c < 3; ++c) {
    double sum = 0;
    double squares = 0;
    for (std::int64_t i = 0; i < 8; ++i) sum += src.at(i / 4, c, i / 2 % 2, i % 2);
    for (std::int64_t i = 0; i < 8; ++i) squares += std::pow(src.at(i / 4, c, i / 2 % 2, i % 2) - sum / 8, 2);
    const auto at = static_cast<std::size_t>(c);
    const auto start = static_cast<double>(c);
    CHECK(static_cast<double>(mean.floats()[at]) == Approx(0.75 * (1 + start) + 0.25 * sum / 8).epsilon(1e-5));
    CHECK(static_cast<double>(variance.floats()[at]) == Approx(0.75 * (4 + start) + 0.25 * squares / 7).epsilon(1e-5));
  }
}

TEST_CASE("local response normalisation: one block, several, and a torn one") {
  for (const std::int64_t channels : {1, 3, 16, 17, 32, 48, 64}) {
    for (const std::int64_t batch : {1, 3}) {
      Random random(8);
      LocalResponseNorm::Parameters p;
      p.alpha = 0.5F;  // large enough to matter
      check_operator({std::make_shared<LocalResponseNorm>(p), {normal({batch, channels, 3, 4}, random, 2)}, {}});
    }
  }
}

TEST_CASE("local response normalisation: the networks' own parameters, other sizes") {
  Random random(9);
  check_operator({std::make_shared<LocalResponseNorm>(), {normal({1, 64, 3, 3}, random, 20)}, {}});
  check_operator({std::make_shared<LocalResponseNorm>(LocalResponseNorm::Parameters{3, 0.3F, 0.75F, 2.0F}),
                  {normal({2, 32, 3, 3}, random, 2)},
                  {}});
  check_operator({std::make_shared<LocalResponseNorm>(LocalResponseNorm::Parameters{5, 0.3F, 0.5F, 1.0F}),
                  {normal({1, 17, 3, 3}, random, 2)},
                  {}});
}

TEST_CASE("rows of unit length") {
  Random random(10);
  for (const std::int64_t batch : {1, 3}) {
    for (const std::int64_t width : {1, 3, 128}) {
      if (width == 1) continue;  // the sign: flat but for the jump at zero
      check_operator({std::make_shared<L2Normalize>(), {normal({batch, width}, random, 3)}, {}});
    }
  }
}

TEST_CASE("a row of zeros stays zero and gets no gradient; its neighbours are not touched by it") {
  Random random(11);
  RefTensor src = normal({3, 5}, random);
  std::fill_n(src.values.begin() + 5, 5, 0.0);
  const L2Normalize op;
  const Tensor data = to_tensor(src);
  Saved saved;
  const Tensor dst = op.forward({&data, 1}, {.training = true}, saved);
  const Tensor cotangent = to_tensor(normal({3, 5}, random));
  const auto gradient = op.backward({{&data, 1}, dst, saved, cotangent, {true}})[0];
  for (std::size_t i = 0; i < 15; ++i) {
    const bool zero_row = i / 5 == 1;
    CHECK((dst.floats()[i] == 0) == zero_row);
    CHECK((gradient.floats()[i] == 0) == zero_row);
  }
}

TEST_CASE("lines of unit length along any axis") {
  for (const std::int64_t channels : {3, 16, 17}) {
    for (const std::int64_t axis : {1, 2, 3}) {
      Random random(55);
      check_operator(
          {std::make_shared<L2Normalize>(L2Normalize::Parameters{axis}), {normal({2, channels, 3, 5}, random)}, {}});
    }
  }
  Random random(56);
  check_operator({std::make_shared<L2Normalize>(L2Normalize::Parameters{4}), {normal({2, 3, 1, 2, 7}, random)}, {}});
}

TEST_CASE("layer normalisation: over the last axis, over several, with and without a shift") {
  for (const std::int64_t width : {2, 3, 16, 17, 70}) {
    for (const bool shift : {true, false}) {
      const auto check = [&](const Shape& data, std::int64_t axis) {
        Random random(57);
        const Shape last(data.dims().subspan(static_cast<std::size_t>(axis)));
        OperatorCase c{std::make_shared<LayerNorm>(LayerNorm::Parameters{axis, 1e-3F, shift}),
                       {normal(data, random, 2, 0.5), normal(last, random, 0.5, 1)},
                       {}};
        if (shift) c.src.push_back(normal(last, random));
        check_operator(c);
      };
      check({3, width}, 1);
      check({2, 5, width}, 2);
      check({2, 3, 5, width}, 3);
      check({2, width, 3, 5}, 1);
      check({1, 2, 3, 2, width}, 4);
    }
  }
}

TEST_CASE("layer normalisation in inference is that of training, and equal numbers become the shift") {
  const Tensor src[] = {Tensor::from({1, 3}, std::vector<float>{5, 5, 5}),
                        Tensor::from({3}, std::vector<float>{1, 2, 3}), Tensor::from({3}, std::vector<float>{7, 8, 9})};
  const LayerNorm op;
  Saved saved;
  const std::vector<double> shift{7, 8, 9};
  CHECK(difference(to_reference(op.forward(src, {}, saved)).values, shift, 1e-6) == "");
  CHECK(saved.tensors.empty());
  CHECK(difference(to_reference(op.forward(src, {.training = true}, saved)).values, shift, 1e-6) == "");
}
