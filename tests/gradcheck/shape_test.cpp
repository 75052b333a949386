// Reductions, reshaping, transposition, slices, borders.
#include <algorithm>

#include "catch.hpp"
#include "gradient_check.hpp"
#include "ops/pad.hpp"
#include "ops/reduce.hpp"
#include "ops/reshape.hpp"
#include "ops/slice.hpp"
#include "ops/transpose.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

using Axes = std::vector<std::int64_t>;

// All elements different by 1/32 or more and exact in bf16, up to 512 of them.
RefTensor all_distinct(const Shape& shape, Random& random) {
  RefTensor tensor(shape);
  REQUIRE(tensor.values.size() <= 512);
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    const double size = static_cast<double>(i / 2 + 1) / 32;
    tensor.values[i] = i % 2 == 0 ? size : -size;
  }
  random.shuffle(std::span(tensor.values));
  return tensor;
}

void check_reduce(const Shape& src, const Axes& axes) {
  for (const auto kind : {Reduce::Kind::sum, Reduce::Kind::mean, Reduce::Kind::maximum}) {
    for (const bool keep : {true, false}) {
      Random random(81);
      check_operator({std::make_shared<Reduce>(kind, Reduce::Parameters{axes, keep}), {all_distinct(src, random)}, {}});
    }
  }
}

}  // namespace

TEST_CASE("reductions over any axes but the batch") {
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    for (const Axes& axes : std::vector<Axes>{{1}, {2}, {3}, {2, 3}, {1, 3}, {3, 1}, {1, 2}, {1, 2, 3}}) {
      check_reduce({2, channels, 3, 5}, axes);
    }
  }
  check_reduce({3, 70}, {1});
  check_reduce({1, 2, 3, 4, 5}, {1, 3});
  check_reduce({2, 1, 1, 1}, {2, 3});
}

TEST_CASE("reductions: runs longer than a thread's lanes; a long sum keeps its digits") {
  Random random(82);
  const RefTensor src = normal({2, 3, 150, 150}, random, 1, 1000);
  const Tensor data = to_tensor(src);
  for (const auto kind : {Reduce::Kind::sum, Reduce::Kind::mean, Reduce::Kind::maximum}) {
    for (const Axes& axes : std::vector<Axes>{{2, 3}, {1, 2}, {1, 3}}) {
      const Reduce op(kind, {axes});
      Saved saved;
      const Tensor dst = op.forward({&data, 1}, {}, saved);
      CHECK(difference(to_reference(dst).values, op.reference({&src, 1}, {}).values, 1e-7) == "");
    }
  }
}

TEST_CASE("the largest of equal elements: the first gets the gradient") {
  const Tensor src = Tensor::from({1, 2, 1, 3}, std::vector<float>{1, 5, 5, 2, 2, 0});
  const Reduce op(Reduce::Kind::maximum, {{3}});
  Saved saved;
  const Tensor dst = op.forward({&src, 1}, {.training = true}, saved);
  const Tensor diff_dst = Tensor::from({1, 2, 1, 1}, std::vector<float>{7, 9});
  const auto gradient = op.backward({{&src, 1}, dst, saved, diff_dst, {true}})[0];
  CHECK(to_reference(gradient).values == std::vector<double>{0, 7, 0, 9, 0, 0});
}

TEST_CASE("reshape: flattened, split, with extents copied and inferred") {
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    const std::vector<Axes> targets{{0, -1},       {-1, channels * 12}, {0, 0, -1}, {0, 2, -1, channels},
                                    {0, -1, 2, 2}, {0, 0, 0, 0}};
    for (const Axes& target : targets) {
      Random random(83);
      check_operator(
          {std::make_shared<Reshape>(Reshape::Parameters{target}), {normal({2, channels, 3, 4}, random)}, {}});
    }
  }
  Random random(84);
  check_operator({std::make_shared<Reshape>(Reshape::Parameters{{0, 17, 1, 1}}), {normal({3, 17}, random)}, {}});
}

TEST_CASE("transpose: every order of maps, rows as they are, five axes") {
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    Axes permutation{0, 1, 2, 3};
    do {
      Random random(85);
      check_operator(
          {std::make_shared<Transpose>(Transpose::Parameters{permutation}), {normal({2, channels, 3, 5}, random)}, {}});
    } while (std::next_permutation(permutation.begin() + 1, permutation.end()));
  }
  Random random(86);
  check_operator({std::make_shared<Transpose>(Transpose::Parameters{{0, 1}}), {normal({3, 5}, random)}, {}});
  check_operator(
      {std::make_shared<Transpose>(Transpose::Parameters{{0, 4, 2, 1, 3}}), {normal({2, 3, 2, 4, 5}, random)}, {}});
}

TEST_CASE("slices: of each axis, neighbours and places apart") {
  const Slice::Parameters slices[] = {{1, 0, 1, 1}, {1, 1, 2, 1}, {1, 0, 2, 2}, {2, 1, 3, 1},
                                      {2, 0, 2, 3}, {3, 4, 1, 1}, {3, 0, 3, 2}, {3, 0, 5, 1}};
  for (const auto& p : slices) {
    for (const std::int64_t channels : {3, 16, 17}) {
      Random random(88);
      check_operator({std::make_shared<Slice>(p), {normal({2, channels, 4, 5}, random)}, {}});
    }
  }
  Random random(89);
  check_operator({std::make_shared<Slice>(Slice::Parameters{1, 2, 3, 2}), {normal({3, 9}, random)}, {}});
  check_operator({std::make_shared<Slice>(Slice::Parameters{4, 1, 2, 1}), {normal({2, 3, 2, 2, 3}, random)}, {}});
}

TEST_CASE("borders: on all sides, on one, of channels, of zeros and of others") {
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    for (const Pad::Parameters& p :
         {Pad::Parameters{{1, 2}, {3, 0}, 0}, Pad::Parameters{{0, 1}, {1, 0}, -1.5F},
          Pad::Parameters{{0, 0}, {0, 0}, 1}, Pad::Parameters{{0, 0}, {0, 0}, 0, {0, 5}},
          Pad::Parameters{{1, 0}, {0, 2}, 0, {16, 3}}, Pad::Parameters{{0, 1}, {0, 0}, 2, {32, 16}},
          Pad::Parameters{{0, 0}, {1, 0}, 1, {2, 1}}}) {
      Random random(87);
      check_operator({std::make_shared<Pad>(p), {normal({2, channels, 3, 5}, random)}, {}});
      check_operator({std::make_shared<Pad>(p), {normal({1, channels, 1, 1}, random)}, {}});
    }
  }
}
