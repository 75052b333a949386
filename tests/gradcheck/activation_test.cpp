// PReLU, sigmoid, GELU, functions of one number, softmax, clip.
#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/clip.hpp"
#include "ops/gelu.hpp"
#include "ops/prelu.hpp"
#include "ops/sigmoid.hpp"
#include "ops/softmax.hpp"
#include "ops/unary.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

// Rows that `distinct` would give a map of [1,width].
RefTensor distinct_rows(std::int64_t batch, std::int64_t width, Random& random) {
  RefTensor rows({batch, width});
  rows.values = distinct({batch, 1, 1, width}, random).values;
  return rows;
}

}  // namespace

TEST_CASE("PReLU: a slope for each channel, and one for all") {
  for (const std::int64_t channels : {1, 3, 16, 17, 33}) {
    for (const bool one : {false, true}) {
      Random random(61);
      const Shape slopes{one ? 1 : channels};
      const std::int64_t batch = channels == 16 ? 3 : 1;
      check_operator({std::make_shared<Prelu>(),
                      {distinct({batch, channels, 5, 7}, random), normal(slopes, random, 0.3, 0.25)},
                      {}});
      check_operator(
          {std::make_shared<Prelu>(), {distinct({3, channels, 1, 2}, random), normal(slopes, random, 0.3, 0.25)}, {}});
      check_operator(
          {std::make_shared<Prelu>(), {distinct_rows(3, channels, random), normal(slopes, random, 0.3, 0.25)}, {}});
    }
  }
}

TEST_CASE("sigmoid") {
  Random random(62);
  for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
    check_operator({std::make_shared<Sigmoid>(), {normal({2, channels, 5, 3}, random, 3)}, {}});
  }
  check_operator({std::make_shared<Sigmoid>(), {normal({3, 17}, random, 3)}, {}});
}

TEST_CASE("GELU, and its approximation") {
  for (const bool tanh : {false, true}) {
    const auto op = std::make_shared<Gelu>(Gelu::Parameters{tanh});
    Random random(66);
    for (const std::int64_t channels : {1, 3, 16, 17, 32}) {
      check_operator({op, {normal({2, channels, 5, 3}, random, 2)}, {}});
    }
    check_operator({op, {normal({3, 17}, random, 2)}, {}});
    check_operator({op, {normal({1, 3, 2, 5, 2}, random, 2)}, {}});
  }
}

TEST_CASE("error function, hyperbolic tangent, square root") {
  for (const auto kind : {Unary::Kind::erf, Unary::Kind::tanh, Unary::Kind::square_root}) {
    const auto op = std::make_shared<Unary>(kind);
    Random random(67);
    const auto draw = [&](const Shape& shape) {
      RefTensor src = normal(shape, random);
      for (auto& v : src.values) v = kind == Unary::Kind::square_root ? v * v + 0.25 : v;
      return to_reference(to_tensor(src));
    };
    for (const std::int64_t channels : {1, 3, 16, 17, 32}) check_operator({op, {draw({2, channels, 5, 3})}, {}});
    check_operator({op, {draw({3, 17})}, {}});
  }
}

TEST_CASE("softmax along channels, rows, and the last axis") {
  Random random(63);
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    for (const std::int64_t axis : {1, 2, 3}) {
      check_operator(
          {std::make_shared<Softmax>(Softmax::Parameters{axis}), {normal({2, channels, 3, 5}, random, 2)}, {}});
    }
    if (channels > 1) check_operator({std::make_shared<Softmax>(), {normal({3, channels}, random, 2)}, {}});
  }
}

TEST_CASE("softmax of numbers whose exponentials overflow") {
  const Tensor src = Tensor::from({2, 3}, std::vector<float>{1000, 999, -1000, -5000, -5000, -5000});
  Saved saved;
  const RefTensor dst = to_reference(Softmax().forward({&src, 1}, {}, saved));
  const std::vector<double> expected{0.7310586, 0.2689414, 0, 1.0 / 3, 1.0 / 3, 1.0 / 3};
  CHECK(difference(dst.values, expected, 1e-6) == "");
}

TEST_CASE("clip: limits on both sides of zero, on one side, and none") {
  const Clip::Parameters limits[] = {{-0.5F, 1}, {0, 6}, {0.25F, 0.5F}, {-2, -0.125F}, {}};
  for (const auto& p : limits) {
    for (const std::int64_t channels : {1, 3, 16, 17}) {
      Random random(64);
      check_operator({std::make_shared<Clip>(p), {distinct({2, channels, 7, 5}, random)}, {}});
    }
    Random random(65);
    check_operator({std::make_shared<Clip>(p), {distinct_rows(2, 33, random)}, {}});
  }
}
