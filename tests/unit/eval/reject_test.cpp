// Error versus reject, counted by hand.
#include <cmath>

#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>

#include "catch.hpp"

using namespace facenet;

TEST_CASE("error versus reject: a quality that knows takes the failures first") {
  // Ten same pairs, of which the two of distance 2 fail at 1, and different ones, which do not count.
  std::vector<ScoredPair> pairs;
  std::vector<float> knows, knows_not;
  for (int i = 0; i < 10; ++i) {
    const bool fails = i == 3 || i == 7;
    pairs.push_back({fails ? 2.0F : 0.5F, true, 1});
    knows.push_back(fails ? 0.1F : 0.9F);
    knows_not.push_back(fails ? 0.9F : 0.1F);
    pairs.push_back({0.1F, false, 1});
    knows.push_back(0);
    knows_not.push_back(0);
  }
  const std::vector<double> shares{0, 0.1, 0.2, 0.5, 1};
  const auto good = error_versus_reject(pairs, knows, 1, shares);
  REQUIRE(good.size() == 5);
  CHECK(good[0].same_pairs == 10);
  CHECK(good[0].false_rejects == Approx(0.2));
  CHECK(good[1].same_pairs == 9);
  CHECK(good[1].false_rejects == Approx(1.0 / 9));
  CHECK(good[2].false_rejects == 0);
  CHECK(good[3].same_pairs == 5);
  CHECK(good[4].same_pairs == 0);
  CHECK(good[4].false_rejects == 0);
  const auto bad = error_versus_reject(pairs, knows_not, 1, shares);
  CHECK(bad[3].false_rejects == Approx(0.4));
  // A threshold accepts what lies on it.
  CHECK(error_versus_reject(pairs, knows, 2, shares)[0].false_rejects == 0);

  CHECK_THROWS_AS(error_versus_reject(pairs, std::span(knows).first(3), 1, shares), InvalidArgument);
  CHECK_THROWS_AS(error_versus_reject(pairs, knows, 1, std::vector<double>{1.5}), InvalidArgument);
  knows[0] = NAN;
  CHECK_THROWS_AS(error_versus_reject(pairs, knows, 1, shares), InvalidArgument);
  CHECK_THROWS_AS(error_versus_reject({}, {}, 1, shares), InvalidArgument);
}
