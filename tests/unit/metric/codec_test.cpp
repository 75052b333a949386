// Codes: what they lose is bounded by their steps, distances are those to the decoded, and bad samples are refused.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/codes.hpp"
#include "facenet/error.hpp"
#include "metric/codec.hpp"

namespace facenet {
namespace {

// Rows that vary in a few directions more than in others, of unit length.
Embeddings rows_of(std::size_t n, std::size_t dimension, std::uint64_t seed) {
  Random random(seed);
  Embeddings rows{dimension, std::vector<float>(n * dimension)};
  for (std::size_t i = 0; i < n; ++i) {
    double norm = 0;
    for (std::size_t k = 0; k < dimension; ++k) {
      const double value = random.normal() / (1 + 0.2 * static_cast<double>(k)) + (k == 1 ? 0.5 : 0);
      rows[i][k] = static_cast<float>(value);
      norm += value * value;
    }
    for (float& value : rows[i]) value /= static_cast<float>(std::sqrt(norm));
  }
  return rows;
}

double naive_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum += std::pow(static_cast<double>(a[k]) - static_cast<double>(b[k]), 2);
  }
  return sum;
}

// Mean squared error of a form over other rows than it was calibrated on.
double error_of(const std::string& form, std::size_t dimension) {
  const Codec codec = Codec::calibrate(rows_of(500, dimension, 1), form);
  const Embeddings rows = rows_of(200, dimension, 2);
  const Codes codes = codec.encode(rows);
  REQUIRE(codes.bytes == codec.bytes());
  REQUIRE(codes.size() == 200);
  const Embeddings decoded = codec.decode(codes);
  double error = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    error += naive_distance(rows[i], decoded[i]);
    const auto distance = static_cast<double>(codec.distance(rows[(i + 1) % 200], codes[i]));
    REQUIRE(std::abs(distance - naive_distance(rows[(i + 1) % 200], decoded[i])) < 1e-5);
  }
  return error / static_cast<double>(rows.size());
}

}  // namespace

TEST_CASE("codes cost little, and less with more bytes") {
  for (const std::size_t dimension : {1U, 3U, 64U, 127U, 128U, 512U}) {
    const double byte = error_of("8bit", dimension);
    CHECK(byte < 2e-4);
    CHECK(byte < error_of("1bit", dimension));
  }
  CHECK(error_of("pca64", 128) < error_of("pca16", 128));
  CHECK(error_of("pca128", 128) < 2e-4);
  CHECK(Codec::calibrate(rows_of(9, 128, 1), "8bit").bytes() == 128);
  CHECK(Codec::calibrate(rows_of(9, 127, 1), "1bit").bytes() == 16);
  CHECK(Codec::calibrate(rows_of(99, 127, 1), "pca10").bytes() == 10);
}

TEST_CASE("a byte errs by half a step at most, but for what lies beyond the bounds") {
  const Embeddings rows = rows_of(400, 20, 3);
  const Codec codec = Codec::calibrate(rows, "8bit");
  const Embeddings decoded = codec.decode(codec.encode(rows));
  const auto& data = codec.data();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < 20; ++k) {
      const float highest = data.low[k] + 255 * data.step[k];
      const float expected = std::clamp(rows[i][k], data.low[k], highest);
      REQUIRE(std::abs(decoded[i][k] - expected) <= 0.501F * data.step[k]);
    }
  }
}

TEST_CASE("a dimension in which all rows are the same comes back exactly") {
  Embeddings rows = rows_of(100, 4, 3);
  for (std::size_t i = 0; i < 100; ++i) rows[i][2] = 0.25F;
  for (const char* form : {"8bit", "1bit"}) {
    const Codec codec = Codec::calibrate(rows, form);
    CHECK(std::abs(codec.decode(codec.encode(rows))[7][2] - 0.25F) < 1e-6F + codec.data().step[2]);
  }
}

TEST_CASE("a codec refuses what it cannot use") {
  Embeddings rows = rows_of(10, 8, 1);
  for (const char* form : {"", "9bit", "pca", "pca0", "pca-1", "pca9", "pca1x", "pca99999999999", "8bit "}) {
    CHECK_THROWS_AS(Codec::calibrate(rows, form), InvalidArgument);
  }
  CHECK_THROWS_AS(Codec::calibrate({8, {}}, "8bit"), InvalidArgument);
  CHECK_THROWS_AS(Codec::calibrate(rows_of(1, 8, 1), "8bit"), InvalidArgument);
  CHECK_THROWS_AS(Codec::calibrate(rows_of(8, 8, 1), "pca8"), InvalidArgument);
  const Codec codec = Codec::calibrate(rows, "8bit");
  CHECK_THROWS_AS(codec.encode(rows_of(2, 9, 1)), InvalidArgument);
  CHECK_THROWS_AS(codec.decode({7, std::vector<std::uint8_t>(14)}), InvalidArgument);
  CHECK_THROWS_AS(codec.decode({8, std::vector<std::uint8_t>(15)}), InvalidArgument);
  CHECK_THROWS_AS(codec.distance(std::vector<float>(9), std::vector<std::uint8_t>(8)), InvalidArgument);
  CHECK(codec.encode({8, {}}).size() == 0);
  CHECK(codec.decode({8, {}}).size() == 0);
  rows.values[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(codec.encode(rows), InvalidArgument);
  CHECK_THROWS_AS(Codec::calibrate(rows, "8bit"), InvalidArgument);
}

}  // namespace facenet
