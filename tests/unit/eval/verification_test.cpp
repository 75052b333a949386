// Verification measures against numbers worked out by hand and by brute force over all pairs and thresholds.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"

using namespace facenet;

namespace {

std::vector<ScoredPair> random_pairs(std::size_t n, std::int32_t folds, std::uint64_t seed, bool coarse) {
  Random random(seed);
  std::vector<ScoredPair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    const bool same = i % 2 == 0;
    double distance = std::abs((same ? 0.8 : 1.4) + 0.3 * random.normal());
    if (coarse) distance = std::round(distance * 10) / 10;  // many ties
    pairs.push_back({static_cast<float>(distance), same,
                     static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(folds))) + 1});
  }
  return pairs;
}

double accuracy(const std::vector<ScoredPair>& pairs, std::int32_t fold, bool others, float threshold) {
  double right = 0;
  double count = 0;
  for (const ScoredPair& p : pairs) {
    if ((p.fold == fold) == others) continue;
    ++count;
    right += (p.distance <= threshold) == p.same ? 1 : 0;
  }
  return right / count;
}

}  // namespace

TEST_CASE("a case worked out by hand") {
  // same: 0.2 0.4 0.9; different: 0.5 1.0 1.2 1.6
  const std::vector<ScoredPair> pairs{{0.2F, true},  {0.9F, true},  {0.4F, true}, {1.0F, false},
                                      {0.5F, false}, {1.6F, false}, {1.2F, false}};
  const auto result = evaluate_verification(pairs, {.far = {0.5, 0.25, 0.2}});
  REQUIRE(result.pairs == 7);
  REQUIRE(result.same_pairs == 3);
  REQUIRE(result.auc == Approx(11.0 / 12));     // 0.9 loses to 0.5 alone
  REQUIRE(result.accuracy == Approx(6.0 / 7));  // one mistake: 0.9 rejected, or 0.5 accepted
  REQUIRE(result.accuracy_se == 0);
  REQUIRE(result.threshold_from.find("same pairs") != std::string::npos);
  // At 0.5: false accepts 1/4, false rejects 1/3; at 0.9: 1/4 and 0. They cross at 1/4.
  REQUIRE(result.eer == Approx(0.25));
  REQUIRE(result.val[0].supported);
  REQUIRE(result.val[0].val == Approx(1));
  REQUIRE(result.val[0].measured_far == Approx(0.5));
  REQUIRE(result.val[1].val == Approx(1));
  REQUIRE(result.val[1].measured_far == Approx(0.25));
  REQUIRE(result.val[1].threshold < 1.0F);
  REQUIRE_FALSE(result.val[2].supported);
  // Wilson's interval for 3 of 3: low = n / (n + z^2)
  REQUIRE(result.val[0].low == Approx(3 / (3 + 1.959964 * 1.959964)));
  REQUIRE(result.val[0].high == Approx(1));

  const auto roc = roc_curve(pairs);
  REQUIRE(roc.size() == 8);
  REQUIRE(roc.front().far == 0);
  REQUIRE(roc.front().val == 0);
  REQUIRE(roc[3].threshold == 0.5F);
  REQUIRE(roc[3].far == Approx(0.25));
  REQUIRE(roc[3].val == Approx(2.0 / 3));
  REQUIRE(roc.back().far == 1);
  REQUIRE(roc.back().val == 1);
}

TEST_CASE("Wilson's interval of a share in the middle") {
  // 8 of 10 at 95 %: 0.4902 to 0.9433 (Wilson 1927, any table).
  std::vector<ScoredPair> pairs;
  for (int i = 0; i < 10; ++i) pairs.push_back({i < 8 ? 0.1F : 3.0F, true});
  for (int i = 0; i < 10; ++i) pairs.push_back({2.0F, false});
  const auto val = evaluate_verification(pairs, {.far = {0.1}}).val[0];
  REQUIRE(val.val == Approx(0.8));
  REQUIRE(val.low == Approx(0.4902).margin(1e-4));
  REQUIRE(val.high == Approx(0.9433).margin(1e-4));
  REQUIRE(val.measured_far == 0);  // the ten tie: to accept one is to accept them all
}

TEST_CASE("AUC and the folds' accuracies equal brute force, ties or not") {
  for (const bool coarse : {false, true}) {
    const auto pairs = random_pairs(400, 5, 77, coarse);
    const auto result = evaluate_verification(pairs);
    double wins = 0;
    double count = 0;
    for (const auto& s : pairs) {
      for (const auto& d : pairs) {
        if (!s.same || d.same) continue;
        ++count;
        wins += s.distance < d.distance ? 1 : s.distance == d.distance ? 0.5 : 0;
      }
    }
    REQUIRE(result.auc == Approx(wins / count));
    REQUIRE(result.folds.size() == 5);
    double mean = 0;
    for (const FoldResult& fold : result.folds) {
      double best = 0;
      for (const auto& p : pairs) {
        best = std::max(best, accuracy(pairs, fold.fold, true, p.distance));
      }
      REQUIRE(accuracy(pairs, fold.fold, true, fold.threshold) == Approx(best));
      REQUIRE(accuracy(pairs, fold.fold, false, fold.threshold) == Approx(fold.accuracy));
      mean += fold.accuracy / 5;
    }
    REQUIRE(result.accuracy == Approx(mean));
    double variance = 0;
    for (const FoldResult& fold : result.folds) variance += (fold.accuracy - mean) * (fold.accuracy - mean) / 4;
    REQUIRE(result.accuracy_se == Approx(std::sqrt(variance / 5)));
    // The equal error rate: at the threshold nearest to it the two rates differ by no more than a step of the curve.
    double gap = 1;
    double at = 0;
    for (const auto& point : roc_curve(pairs)) {
      if (std::abs(point.far - (1 - point.val)) < gap) {
        gap = std::abs(point.far - (1 - point.val));
        at = (point.far + 1 - point.val) / 2;
      }
    }
    REQUIRE(result.eer == Approx(at).margin(coarse ? 0.06 : 0.01));
  }
}

TEST_CASE("two folds: each is judged at the threshold of the other") {
  const std::vector<ScoredPair> pairs{{0.5F, true, 7}, {1.5F, false, 7}, {0.25F, true, 8}, {1.0F, false, 8}};
  const auto result = evaluate_verification(pairs);
  REQUIRE(result.folds.size() == 2);
  REQUIRE(result.folds[0].fold == 7);
  REQUIRE(result.folds[0].threshold == Approx(0.625));  // halfway between 0.25 and 1
  REQUIRE(result.folds[1].threshold == Approx(1.0));
  REQUIRE(result.folds[0].accuracy == 1);
  REQUIRE(result.folds[1].accuracy == 0.5);
  REQUIRE(result.accuracy == Approx(0.75));
  REQUIRE(result.accuracy_se == Approx(0.25));
}

TEST_CASE("leaving out pairs moves no other pair to another fold") {
  const auto pairs = random_pairs(300, 3, 5, false);
  const auto whole = evaluate_verification(pairs);
  auto some = pairs;
  std::erase_if(some, [n = 0](const ScoredPair& p) mutable { return p.fold == 1 && n++ % 2 == 0; });
  const auto part = evaluate_verification(some);
  REQUIRE(part.folds[0].threshold == whole.folds[0].threshold);  // chosen on folds 2 and 3, which are whole
  REQUIRE(part.folds[1].pairs == whole.folds[1].pairs);
  REQUIRE(part.folds[0].pairs < whole.folds[0].pairs);
}

TEST_CASE("a threshold given is used for every fold") {
  const auto pairs = random_pairs(300, 3, 6, false);
  const auto result = evaluate_verification(pairs, {.far = {}, .threshold = 1.05F});
  REQUIRE(result.threshold == 1.05F);
  REQUIRE(result.val.empty());
  for (const auto& fold : result.folds) {
    REQUIRE(fold.accuracy == Approx(accuracy(pairs, fold.fold, false, 1.05F)));
  }
}

TEST_CASE("perfect, useless and reversed distances") {
  std::vector<ScoredPair> pairs;
  for (int i = 0; i < 20; ++i) pairs.push_back({i % 2 == 0 ? 0.5F : 1.5F, i % 2 == 0, i / 10 + 1});
  auto result = evaluate_verification(pairs);
  REQUIRE(result.auc == 1);
  REQUIRE(result.eer == 0);
  REQUIRE(result.accuracy == 1);
  for (auto& p : pairs) p.distance = 1;
  result = evaluate_verification(pairs);
  REQUIRE(result.auc == 0.5);
  REQUIRE(result.eer == Approx(0.5));
  REQUIRE(result.accuracy == 0.5);
  for (auto& p : pairs) p.distance = p.same ? 1.5F : 0.5F;
  REQUIRE(evaluate_verification(pairs).auc == 0);
}

TEST_CASE("groups are judged at the thresholds of the whole") {
  const std::vector<ScoredPair> pairs{{0.5F, true, 1}, {1.5F, false, 1}, {0.25F, true, 2}, {1.0F, false, 2}};
  const std::vector<std::string> groups{"old", "young", "old", "old"};
  const auto result = evaluate_groups(pairs, groups, evaluate_verification(pairs));
  REQUIRE(result.size() == 2);
  REQUIRE(result[0].group == "old");
  REQUIRE(result[0].pairs == 3);
  REQUIRE(result[0].same_pairs == 2);
  REQUIRE(result[0].accuracy.value == Approx(2.0 / 3));
  REQUIRE(result[0].auc == 1.0);
  REQUIRE(result[1].accuracy.value == 1);
  REQUIRE(result[1].false_rejects.pairs == 0);
  REQUIRE_FALSE(result[1].auc.has_value());
  REQUIRE_THROWS_AS(evaluate_groups(pairs, std::vector<std::string>(3), evaluate_verification(pairs)), InvalidArgument);
}

TEST_CASE("what cannot be measured is refused") {
  REQUIRE_THROWS_AS(evaluate_verification({}), InvalidArgument);
  const std::vector<ScoredPair> one_kind{{0.5F, true}, {0.7F, true}};
  REQUIRE_THROWS_AS(evaluate_verification(one_kind), InvalidArgument);
  REQUIRE_THROWS_AS(roc_curve(one_kind), InvalidArgument);
  const std::vector<ScoredPair> broken{{0.5F, true}, {std::numeric_limits<float>::quiet_NaN(), false}};
  REQUIRE_THROWS_AS(evaluate_verification(broken), InvalidArgument);
  const std::vector<ScoredPair> good{{0.5F, true}, {0.7F, false}};
  REQUIRE_THROWS_AS(evaluate_verification(good, {.far = {0}}), InvalidArgument);
}
