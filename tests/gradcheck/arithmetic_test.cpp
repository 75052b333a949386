// Sum, difference, product and quotient, with and without broadcasting, of data and of constants.
#include "ops/arithmetic.hpp"

#include <cmath>

#include "catch.hpp"
#include "gradient_check.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

using Kind = Arithmetic::Kind;

// Far enough from zero to be divided by.
RefTensor divisors(const Shape& shape, Random& random) {
  RefTensor tensor = normal(shape, random);
  for (auto& v : tensor.values) v = static_cast<double>(static_cast<float>(v + std::copysign(0.75, v)));
  return tensor;
}

void check_pair(const Shape& left, const Shape& right, bool constant) {
  for (const auto kind : {Kind::add, Kind::subtract, Kind::multiply, Kind::divide}) {
    for (const bool reversed : {false, true}) {
      if (reversed && !(constant && (kind == Kind::subtract || kind == Kind::divide))) continue;
      Random random(71);
      check_operator({std::make_shared<Arithmetic>(kind, Arithmetic::Parameters{constant, reversed}),
                      {divisors(left, random), divisors(right, random)},
                      {}});
    }
  }
}

}  // namespace

TEST_CASE("arithmetic of data of one shape") {
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    const Shape maps{2, channels, 3, 5};
    check_pair(maps, maps, false);
  }
  check_pair({3, 5}, {3, 5}, false);
  check_pair({2, 3, 4, 2, 3}, {2, 3, 4, 2, 3}, false);
}

TEST_CASE("arithmetic of data that broadcast: over pixels, channels, and each over the other") {
  for (const std::int64_t channels : {3, 16, 17}) {
    const Shape maps{2, channels, 3, 5};
    check_pair(maps, {2, channels, 1, 1}, false);  // as squeeze-and-excitation scales its channels
    check_pair({2, channels, 1, 1}, maps, false);
    check_pair(maps, {2, 1, 3, 5}, false);
    check_pair(maps, {2, 1, 1, 1}, false);
    check_pair({1, channels, 1, 5}, {1, 1, 3, 1}, false);
  }
  check_pair({3, 5}, {3, 1}, false);
}

TEST_CASE("arithmetic of data with a constant") {
  for (const std::int64_t channels : {1, 3, 16, 17}) {
    const Shape maps{2, channels, 3, 5};
    check_pair(maps, {1}, true);
    check_pair(maps, {channels, 1, 1}, true);
    check_pair(maps, {1, channels, 1, 1}, true);
    check_pair(maps, {channels, 3, 5}, true);
    check_pair(maps, {3, 1}, true);
    check_pair(maps, {5}, true);
  }
  check_pair({2, 16, 1, 1}, {3, 5}, true);  // the data are broadcast
  check_pair({3, 17}, {17}, true);
  check_pair({3, 17}, {1}, true);
  check_pair({3, 1}, {17}, true);
}

TEST_CASE("arithmetic: more elements than a thread does at a time") {
  Random random(72);
  for (const auto& [left, right] : std::vector<std::pair<Shape, Shape>>{
           {{3, 20000}, {3, 20000}}, {{2, 3, 100, 200}, {2, 3, 1, 1}}, {{2, 600, 3, 40}, {2, 600, 1, 40}}}) {
    const std::vector<RefTensor> src{normal(left, random), normal(right, random)};
    const Tensor data[] = {to_tensor(src[0]), to_tensor(src[1])};
    for (const auto kind : {Kind::add, Kind::subtract, Kind::multiply}) {
      const Arithmetic op(kind);
      Saved saved;
      CHECK(difference(to_reference(op.forward(data, {}, saved)).values, op.reference(src, {}).values, 1e-6) == "");
    }
  }
}
