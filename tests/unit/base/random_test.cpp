// Random numbers: the published sequence, bounds, and shares.
#include "base/random.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "catch.hpp"

namespace facenet {
namespace {

// The state whose next output is all ones: the largest that a draw can meet.
constexpr Random::State kLargest = {0, 0x4fc71c71c71c71c7ULL, 0, 0};

}  // namespace

TEST_CASE("the generator is xoshiro256**: the sequence of its reference code") {
  Random random(Random::State{1, 2, 3, 4});
  for (const std::uint64_t expected :
       {11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL, 1216172134540287360ULL, 607988272756665600ULL}) {
    CHECK(random.next() == expected);
  }
}

TEST_CASE("a seed gives the same numbers for ever: models and experiments depend on it") {
  Random one(1);
  for (const std::uint64_t expected :
       {0xc5883e370b0926c3ULL, 0x021b74b80f71f81cULL, 0x268df06749e5c8ceULL, 0xe052757d667afef2ULL}) {
    CHECK(one.next() == expected);
  }
  CHECK(Random(42).next() == 0x5c8961e1f2055d33ULL);
  CHECK(Random(1, 2).next() == 0xa4598099d5b326bcULL);
}

TEST_CASE("streams of one seed differ, and so do seeds of one stream") {
  std::vector<std::uint64_t> firsts;
  for (std::uint64_t i = 0; i < 100; ++i) {
    firsts.push_back(Random(5, i).next());
    firsts.push_back(Random(6 + i, 0).next());
  }
  std::sort(firsts.begin(), firsts.end());
  CHECK(std::adjacent_find(firsts.begin(), firsts.end()) == firsts.end());
}

TEST_CASE("the four words of the state are all of it") {
  Random random(9);
  random.normal();
  random.below(10);
  Random copy(random.state());
  for (int i = 0; i < 10; ++i) CHECK(copy.normal() == random.normal());
}

TEST_CASE("draws stay in their bounds at the largest output") {
  CHECK(Random(kLargest).next() == ~std::uint64_t{0});
  CHECK(Random(kLargest).uniform() < 1.0);
  CHECK(Random(kLargest).uniform() > 0.9999999);
  CHECK(std::isfinite(Random(kLargest).normal()));
  CHECK(Random(Random::State{1, 0, 0, 0}).uniform() == 0.0);
  for (const std::uint64_t count :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1} << 63U, ~std::uint64_t{0}}) {
    CHECK(Random(kLargest).below(count) == count - 1);
    CHECK(Random(Random::State{1, 0, 0, 0}).below(count) == 0);
  }
}

TEST_CASE("below gives each value its share") {
  Random random(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);  // five standard deviations
}

TEST_CASE("uniform, chance and normal have the moments they should have") {
  Random random(4);
  constexpr int kDraws = 100000;
  double uniform = 0;
  double normal = 0;
  double square = 0;
  int hits = 0;
  for (int i = 0; i < kDraws; ++i) {
    uniform += random.uniform(2.0, 4.0);
    const double value = random.normal();
    normal += value;
    square += value * value;
    hits += random.chance(0.3) ? 1 : 0;
  }
  CHECK(std::abs(uniform / kDraws - 3.0) < 0.01);
  CHECK(std::abs(normal / kDraws) < 0.016);
  CHECK(std::abs(square / kDraws - 1.0) < 0.03);
  CHECK(std::abs(hits / static_cast<double>(kDraws) - 0.3) < 0.01);
}

TEST_CASE("shuffle gives the known order, and every order its share") {
  std::vector<int> items(8);
  std::iota(items.begin(), items.end(), 0);
  Random(7).shuffle(std::span(items));
  CHECK(items == std::vector<int>{6, 3, 5, 2, 0, 1, 4, 7});

  Random random(8);
  std::map<std::vector<int>, int> orders;
  for (int i = 0; i < 60000; ++i) {
    std::vector<int> three = {0, 1, 2};
    random.shuffle(std::span(three));
    ++orders[three];
  }
  CHECK(orders.size() == 6);
  for (const auto& [order, count] : orders) CHECK(std::abs(count - 10000) < 500);

  std::vector<int> none;
  random.shuffle(std::span(none));
  CHECK(none.empty());
}

}  // namespace facenet
