// Groups and their intervals: over pairs, and over people.
#include "base/random.hpp"
#include "catch.hpp"
#include "eval/rates.hpp"
#include "facenet/evaluation.hpp"

using namespace facenet;

TEST_CASE("Wilson's interval") {
  // By hand for 8 of 10: (0.8 + z2/20 +- z sqrt(0.016 + z2/400)) / (1 + z2/10), z2 = 3.8415.
  const Rate rate = wilson_rate(0.8, 10);
  CHECK(rate.low == Approx(0.4902).margin(1e-4));
  CHECK(rate.high == Approx(0.9433).margin(1e-4));
  CHECK(wilson_rate(0, 100).low == 0);
  CHECK(wilson_rate(0, 100).high == Approx(0.0370).margin(1e-4));
  CHECK(wilson_rate(0, 0).high == 1);
}

TEST_CASE("pairs of few people are little evidence, however many they are") {
  Random random(2);
  std::vector<JudgedPair> pairs;
  std::vector<JudgedPair> unknown;
  // 10 people; one of them is decided wrongly in half of all pairs of theirs, nobody else ever.
  for (int i = 0; i < 5000; ++i) {
    const auto a = static_cast<std::int32_t>(random.below(10));
    const auto b = static_cast<std::int32_t>((static_cast<std::uint64_t>(a) + 1 + random.below(9)) % 10);
    const bool wrong = (a == 0 || b == 0) && random.below(2) == 0;
    pairs.push_back({wrong, a, b});
    unknown.push_back({wrong});
  }
  const Rate people = wrong_rate(pairs);
  const Rate alone = wrong_rate(unknown);
  CHECK(people.value == alone.value);
  CHECK(people.pairs == 5000);
  CHECK(alone.high - alone.low < 0.02);
  CHECK(people.high - people.low > 0.1);
  CHECK(people.low < people.value);
  CHECK(people.high > people.value);
}

TEST_CASE("independent pairs keep Wilson's interval, whoever they are of") {
  Random random(3);
  std::vector<JudgedPair> pairs;
  for (std::int32_t i = 0; i < 2000; ++i) pairs.push_back({random.below(10) == 0, 2 * i, 2 * i + 1});
  const Rate people = wrong_rate(pairs);
  const Rate alone = wilson_rate(people.value, 2000);
  CHECK(people.low == Approx(alone.low).epsilon(0.4));
  CHECK(people.high == Approx(alone.high).epsilon(0.4));
  CHECK(people.high - people.low >= (alone.high - alone.low) * 0.999);
}

TEST_CASE("where nothing went wrong, people are counted, not pairs") {
  std::vector<JudgedPair> pairs;
  for (int i = 0; i < 3000; ++i) pairs.push_back({false, i % 6, (i + 1) % 6});
  const Rate rate = wrong_rate(pairs);
  CHECK(rate.value == 0);
  CHECK(rate.low == 0);
  CHECK(rate.high == Approx(wilson_rate(0, 6).high));
  CHECK(wrong_rate({}).pairs == 0);
}

TEST_CASE("95 % intervals over people hold the truth nearly as often as they say") {
  // Each person has a rate of their own; the truth is its mean. 40 people, their same pairs.
  int held = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    Random random(trial, 77);
    std::vector<JudgedPair> pairs;
    for (std::int32_t person = 0; person < 40; ++person) {
      const double own = random.below(5) == 0 ? 0.5 : 0.05;  // 0.14 on average
      for (int i = 0; i < 20; ++i) {
        pairs.push_back({static_cast<double>(random.below(1000)) < 1000 * own, person, person});
      }
    }
    const Rate rate = wrong_rate(pairs);
    held += rate.low <= 0.14 && 0.14 <= rate.high ? 1 : 0;
  }
  CHECK(held >= 180);
  CHECK(held < 200);
}

TEST_CASE("groups tell false accepts and false rejects apart") {
  std::vector<ScoredPair> pairs;
  std::vector<std::string> groups;
  for (int i = 0; i < 40; ++i) {
    const bool same = i % 2 == 0;
    const bool hard = i < 20;
    const float distance = same ? (hard && i % 4 == 0 ? 1.6F : 0.4F) : (hard ? 1.4F : 1.7F);
    pairs.push_back({distance, same, i / 2 % 2 + 1, i, same ? i : i + 1});
    groups.push_back(hard ? "hard" : "easy");
  }
  const auto whole = evaluate_verification(pairs, {.threshold = 1.0F});
  const auto result = evaluate_groups(pairs, groups, whole);
  REQUIRE(result.size() == 2);
  CHECK(result[0].group == "easy");
  CHECK(result[0].false_rejects.value == 0);
  CHECK(result[1].false_rejects.value == Approx(0.5));
  CHECK(result[1].false_rejects.pairs == 10);
  CHECK(result[1].false_accepts.value == 0);
  CHECK(result[1].accuracy.value == Approx(0.75));
  CHECK(result[1].accuracy.low < 0.75);
  CHECK(result[1].people == 21);
}
