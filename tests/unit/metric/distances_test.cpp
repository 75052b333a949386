// Pairwise distances against differences in double, and the same bits whatever the number of threads.
#include <cmath>
#include <limits>
#include <string>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "catch.hpp"
#include "facenet/embeddings.hpp"
#include "facenet/error.hpp"
#include "facenet/train/triplet_miner.hpp"

using namespace facenet;

namespace {

std::vector<float> random_rows(std::size_t n, std::size_t d, std::uint64_t seed, double scale = 1) {
  Random random(seed);
  std::vector<float> rows(n * d);
  for (float& value : rows) value = static_cast<float>(scale * random.normal());
  return rows;
}

}  // namespace

TEST_CASE("pairwise distances equal differences in double, over odd shapes") {
  for (const auto& [n, d] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {2, 3}, {7, 128}, {16, 16}, {65, 17}, {131, 5}}) {
    const auto rows = random_rows(n, d, n);
    const auto distances = pairwise_squared_distances(rows, n, d);
    REQUIRE(distances.size() == n * n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double expected = 0;
        for (std::size_t k = 0; k < d; ++k) {
          expected += std::pow(static_cast<double>(rows[i * d + k]) - static_cast<double>(rows[j * d + k]), 2);
        }
        const double actual = static_cast<double>(distances[i * n + j]);
        REQUIRE(std::abs(actual - expected) < 1e-5 * (static_cast<double>(d) + expected));
        REQUIRE(distances[i * n + j] == distances[j * n + i]);
        REQUIRE(distances[i * n + j] >= 0.0F);
      }
      REQUIRE(distances[i * n + i] == 0.0F);
    }
  }
}

TEST_CASE("a row and its copy are at distance zero exactly") {
  auto rows = random_rows(40, 128, 3, 10);
  std::copy_n(rows.begin() + 128, 128, rows.begin() + 37 * 128);
  const auto distances = pairwise_squared_distances(rows, 40, 128);
  REQUIRE(distances[1 * 40 + 37] == 0.0F);
}

TEST_CASE("pairwise distances have the same bits at 1, 2 and 3 threads") {
  const auto rows = random_rows(203, 33, 9);
  const ThreadScope one(1);
  const auto expected = pairwise_squared_distances(rows, 203, 33);
  for (int threads : {2, 3}) {
    const ThreadScope scope(threads);
    REQUIRE(pairwise_squared_distances(rows, 203, 33) == expected);
  }
}

TEST_CASE("distances refuse what is not a matrix of finite numbers") {
  REQUIRE(pairwise_squared_distances({}, 0, 0).empty());
  REQUIRE(pairwise_squared_distances({}, 0, 128).empty());
  std::vector<float> rows(12, 0.5F);
  REQUIRE_THROWS_AS(pairwise_squared_distances(rows, 5, 3), InvalidArgument);
  REQUIRE_THROWS_AS(pairwise_squared_distances(rows, 12, 0), InvalidArgument);
  rows[7] = std::numeric_limits<float>::quiet_NaN();
  try {
    pairwise_squared_distances(rows, 4, 3);
    FAIL("a NaN was taken");
  } catch (const InvalidArgument& error) {
    REQUIRE(std::string(error.what()).find("row 2 of 4") != std::string::npos);
  }
  REQUIRE_THROWS_AS(squared_distance(std::vector<float>{1, 2}, std::vector<float>{1}), InvalidArgument);
  REQUIRE(squared_distance(std::vector<float>{1, 2}, std::vector<float>{4, 6}) == 25.0F);
}

TEST_CASE("embedding variance is one minus the squared length of the mean for unit vectors") {
  const std::vector<float> opposite{1, 0, -1, 0};
  REQUIRE(embedding_variance(opposite, 2, 2) == Approx(1));
  const std::vector<float> right_angle{1, 0, 0, 1};
  REQUIRE(embedding_variance(right_angle, 2, 2) == Approx(0.5));
  const std::vector<float> collapsed{0.6F, 0.8F, 0.6F, 0.8F};
  REQUIRE(embedding_variance(collapsed, 2, 2) == Approx(0).margin(1e-12));
  REQUIRE(embedding_variance({}, 0, 2) == 0);
}
