// Calibration against brute force and a known generator; the verifier's choices and refusals.
#include "facenet/verifier.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"
#include "metric/calibration.hpp"

using namespace facenet;

namespace {

// Distances whose true log-odds are linear: normals of one deviation, so slope = (1.5 - 0.7) / 0.25^2 and the crossing
// is halfway, at 1.1.
std::vector<ScoredPair> pairs_of(std::size_t same, std::size_t different, std::uint64_t seed) {
  Random random(seed);
  std::vector<ScoredPair> pairs;
  for (std::size_t i = 0; i < same; ++i) pairs.push_back({static_cast<float>(0.7 + 0.25 * random.normal()), true});
  for (std::size_t i = 0; i < different; ++i) {
    pairs.push_back({static_cast<float>(1.5 + 0.25 * random.normal()), false});
  }
  return pairs;
}

double accepted_share(const std::vector<ScoredPair>& pairs, bool same, float threshold) {
  double accepted = 0;
  double count = 0;
  for (const auto& pair : pairs) {
    if (pair.same != same) continue;
    ++count;
    accepted += pair.distance <= threshold ? 1 : 0;
  }
  return accepted / count;
}

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a calibration finds the probability that made the pairs, however many of each kind there are") {
  for (const std::size_t same : {4000, 20000}) {
    const auto calibration = Verifier::calibrate(pairs_of(same, 20000, 1), "generated pairs");
    REQUIRE(calibration.slope == Approx(0.8 / (0.25 * 0.25)).epsilon(0.05));
    REQUIRE(-calibration.offset / calibration.slope == Approx(1.1).margin(0.01));
    REQUIRE(calibration.threshold == Approx(1.1).margin(same == 20000 ? 0.05 : 0.15));
    REQUIRE_FALSE(calibration.far.has_value());
  }
}

TEST_CASE("a calibration at a FAR accepts at most that share, and as much as it may") {
  const auto pairs = pairs_of(1000, 1000, 2);
  const auto calibration = Verifier::calibrate(pairs, "generated pairs", 0.01);
  REQUIRE(accepted_share(pairs, false, calibration.threshold) == Approx(0.01));
  REQUIRE(calibration.same_pairs == 1000);
  REQUIRE(calibration.points.front().far == Approx(0.5));
  REQUIRE(calibration.points.back().far == Approx(0.001));
  for (const OperatingPoint& point : calibration.points) {
    REQUIRE(accepted_share(pairs, false, point.threshold) == Approx(point.far));
    REQUIRE(accepted_share(pairs, true, point.threshold) == Approx(point.val));
  }
}

TEST_CASE("pairs that a threshold separates give finite probabilities") {
  std::vector<ScoredPair> pairs;
  for (int i = 0; i < 50; ++i) pairs.push_back({i < 25 ? 0.5F : 1.5F, i < 25});
  const auto calibration = Verifier::calibrate(pairs, "");
  REQUIRE(std::isfinite(calibration.slope));
  REQUIRE(calibration.slope > 0);
  const Verifier verifier(calibration);
  REQUIRE(*verifier.decide(0.5F).probability > 0.9);
  REQUIRE(*verifier.decide(1.5F).probability < 0.1);
  REQUIRE(*verifier.decide(1.0F).probability == Approx(0.5).margin(0.01));
}

TEST_CASE("calibration survives JSON, and broken JSON is refused") {
  auto calibration = Verifier::calibrate(pairs_of(300, 200, 3), "pairs with \"quotes\"", 0.02);
  calibration.norm = 12.7F;
  const auto json = nlohmann::json::parse(calibration_to_json(calibration).dump());
  const auto again = calibration_from_json(json);
  REQUIRE(again.norm == 12.7F);
  REQUIRE(again.threshold == calibration.threshold);
  REQUIRE(again.far == calibration.far);
  REQUIRE(again.slope == calibration.slope);
  REQUIRE(again.offset == calibration.offset);
  REQUIRE(again.data == calibration.data);
  REQUIRE(again.different_pairs == 200);
  REQUIRE(again.points.size() == calibration.points.size());
  REQUIRE(again.points[2].threshold == calibration.points[2].threshold);
  for (const char* key : {"threshold", "slope", "offset", "data", "same_pairs", "different_pairs", "points"}) {
    auto broken = json;
    broken.erase(key);
    REQUIRE_THROWS_AS(calibration_from_json(broken), FormatError);
    broken[key] = nullptr;
    REQUIRE_THROWS_AS(calibration_from_json(broken), FormatError);
  }
  auto broken = json;
  broken["threshold"] = 1e300;  // infinite as a float
  REQUIRE_THROWS_AS(calibration_from_json(broken), FormatError);
  broken = json;
  broken["same_pairs"] = -1;
  REQUIRE_THROWS_AS(calibration_from_json(broken), FormatError);
  broken = json;
  broken["points"][0] = 3;
  REQUIRE_THROWS_AS(calibration_from_json(broken), FormatError);
  broken = json;
  broken["norm"] = 0;
  REQUIRE_THROWS_AS(calibration_from_json(broken), FormatError);
  REQUIRE_THROWS_AS(calibration_from_json(nlohmann::json::array()), FormatError);
}

TEST_CASE("what cannot be calibrated is refused") {
  REQUIRE_THROWS_AS(Verifier::calibrate({}, ""), InvalidArgument);
  REQUIRE_THROWS_AS(Verifier::calibrate(pairs_of(5, 0, 1), ""), InvalidArgument);
  REQUIRE(message_of([] { Verifier::calibrate(pairs_of(50, 50, 1), "", 0.001); }).find("at least 1000") !=
          std::string::npos);
  REQUIRE_THROWS_AS(Verifier::calibrate(pairs_of(50, 50, 1), "", 0.0), InvalidArgument);
}

TEST_CASE("a verifier decides by its threshold and says where it comes from") {
  const std::vector<float> a{1, 0};
  const std::vector<float> b{0, 1};
  const Verifier given(2.0F);
  auto verdict = given.verify(a, b);
  REQUIRE(verdict.distance == 2.0F);
  REQUIRE(verdict.same);
  REQUIRE_FALSE(verdict.probability.has_value());
  REQUIRE_FALSE(verdict.far.has_value());
  REQUIRE(verdict.threshold_from == "given");
  REQUIRE_FALSE(Verifier(1.99F, "a paper").verify(a, b).same);

  const auto calibration = Verifier::calibrate(pairs_of(1000, 1000, 2), "generated pairs", 0.01);
  const Verifier calibrated(calibration);
  verdict = calibrated.verify(a, b);
  REQUIRE(verdict.threshold == calibration.threshold);
  REQUIRE_FALSE(verdict.same);
  REQUIRE(*verdict.probability < 0.01);
  REQUIRE(verdict.far == 0.01);
  REQUIRE(verdict.threshold_from == "calibrated at FAR 0.01 on 1000 same and 1000 different pairs of generated pairs");

  const Verifier finer(calibration, {.far = 0.003});
  REQUIRE(*finer.verify(a, b).far == Approx(0.002));
  REQUIRE(finer.threshold() < calibrated.threshold());
  const Verifier own(calibration, {.threshold = 3.0F});
  REQUIRE(own.verify(a, b).same);
  REQUIRE(own.verify(a, b).probability.has_value());
}

TEST_CASE("without evidence there is no threshold") {
  REQUIRE(message_of([] { Verifier(std::optional<Calibration>()); }).find("calibrate") != std::string::npos);
  REQUIRE_THROWS_AS(Verifier(std::nullopt, {.far = 0.01}), InvalidArgument);
  const auto calibration = Verifier::calibrate(pairs_of(50, 50, 2), "generated pairs");
  REQUIRE(message_of([&] { Verifier(calibration, {.far = 0.001}); }).find("calibrate on more") != std::string::npos);
  REQUIRE_THROWS_AS(Verifier(calibration, {.threshold = 1.0F, .far = 0.1}), InvalidArgument);
  REQUIRE_THROWS_AS(Verifier(std::numeric_limits<float>::quiet_NaN()), InvalidArgument);
  REQUIRE_THROWS_AS(Verifier(1.0F).verify(std::vector<float>{1}, std::vector<float>{1, 2}), InvalidArgument);
  REQUIRE_THROWS_AS(Verifier(1.0F).verify(std::vector<float>{NAN}, std::vector<float>{1}), InvalidArgument);
}

TEST_CASE("reference norm: a twentieth of the faces have longer embeddings") {
  std::vector<float> norms(100);
  for (std::size_t i = 0; i < norms.size(); ++i) norms[i] = static_cast<float>((i * 37) % 100);
  REQUIRE(reference_norm(norms) == 94.0F);
  REQUIRE_FALSE(reference_norm(std::span<const float>(norms).first(19)));
  REQUIRE_FALSE(reference_norm({}));
  REQUIRE_FALSE(reference_norm(std::vector<float>(50, 1.0F)));  // unit length already: nothing is known
  norms[3] = NAN;
  REQUIRE_THROWS_AS(reference_norm(norms), InvalidArgument);
}
