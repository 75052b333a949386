// Pairs counted against brute force, intervals against people drawn again and again, and probabilities against
// counting.
#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"
#include "facenet/train/triplet_miner.hpp"
#include "facenet/verifier.hpp"
#include "metric/pair_distances.hpp"

using namespace facenet;

namespace {

struct People {
  Embeddings embeddings;
  std::vector<std::int32_t> labels;
};

// Unit vectors around a direction for each person. How near a person's images lie to each other, and to a direction
// that all share, differs between people: some are mistaken far more often than others.
People draw_people(Random& random, std::int32_t people, std::int32_t images, std::size_t dimension = 16) {
  People result;
  for (std::int32_t p = 0; p < people; ++p) {
    const double common = std::max(0.0, 0.25 + 0.35 * random.normal());
    const double spread = random.uniform(0.1, 0.35);
    std::vector<double> centre(dimension);
    for (double& value : centre) value = random.normal() / std::sqrt(static_cast<double>(dimension));
    centre[0] += common;
    for (std::int32_t i = 0; i < images; ++i) {
      std::vector<float> row(dimension);
      double norm = 0;
      for (std::size_t k = 0; k < dimension; ++k) {
        row[k] = static_cast<float>(centre[k] + spread * random.normal());
        norm += static_cast<double>(row[k]) * static_cast<double>(row[k]);
      }
      for (float& value : row) value /= static_cast<float>(std::sqrt(norm));
      result.embeddings.append(row);
      result.labels.push_back(p);
    }
  }
  return result;
}

std::vector<ScoredPair> all_pairs(const People& people, bool say_whose = true) {
  const std::size_t n = people.labels.size();
  const auto distances = pairwise_squared_distances(people.embeddings.values, n, people.embeddings.dimension);
  std::vector<ScoredPair> pairs;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      pairs.push_back({distances[i * n + j], people.labels[i] == people.labels[j]});
      if (!say_whose) continue;
      pairs.back().person_a = people.labels[i];
      pairs.back().person_b = people.labels[j];
    }
  }
  return pairs;
}

bool same_points(const Calibration& a, const Calibration& b) {
  return std::equal(a.points.begin(), a.points.end(), b.points.begin(), b.points.end(),
                    [](const OperatingPoint& x, const OperatingPoint& y) {
                      return x.far == y.far && x.threshold == y.threshold && x.val == y.val &&
                             x.false_accepts == y.false_accepts && x.far_interval->low == y.far_interval->low &&
                             x.val_interval->high == y.val_interval->high;
                    });
}

template <typename Act>
std::string message_of(const Act& act) {
  try {
    act();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

bool holds(const Interval& interval, double value) { return interval.low <= value && value <= interval.high; }

}  // namespace

TEST_CASE("all pairs of people are those of a list of them") {
  Random random(5);
  const People people = draw_people(random, 40, 5);
  const auto counted = PairDistances::of_people(people.embeddings, people.labels);
  const PairDistances listed(all_pairs(people));
  REQUIRE(counted.same() == 40 * 10);
  REQUIRE(counted.different() == 200 * 199 / 2 - 400);
  REQUIRE(counted.people() == 40);
  const auto a = Verifier::calibrate(counted, "", 0.01);
  const auto b = Verifier::calibrate(listed, "", 0.01);
  REQUIRE(a.points.size() > 10);
  REQUIRE(same_points(a, b));
  REQUIRE(a.brier == b.brier);
  REQUIRE(a.people == 40);
}

TEST_CASE("of millions of pairs thresholds are exact, though most are only counted") {
  Random random(6);
  const People people = draw_people(random, 700, 3);
  const auto counted = PairDistances::of_people(people.embeddings, people.labels);
  REQUIRE(counted.different() == 2100 * 2099 / 2 - 2100);
  REQUIRE_FALSE(counted.data().complete());
  const PairDistances listed(all_pairs(people));
  const auto a = Verifier::calibrate(counted, "", 1e-4);
  auto b = Verifier::calibrate(listed, "", 1e-4);
  REQUIRE(a.points.front().far <= 0.25);  // half of the nearest million
  b.points.erase(b.points.begin(), b.points.end() - static_cast<std::ptrdiff_t>(a.points.size()));
  REQUIRE(a.threshold == b.threshold);
  for (std::size_t i = 0; i < a.points.size(); ++i) {
    REQUIRE(a.points[i].threshold == b.points[i].threshold);
    REQUIRE(a.points[i].false_accepts == b.points[i].false_accepts);
    REQUIRE(a.points[i].val == b.points[i].val);
    // The weights of what is not kept come from the people's images: the same sums in another order.
    REQUIRE(a.points[i].far_interval->high == Approx(b.points[i].far_interval->high).epsilon(1e-6));
  }
  REQUIRE(a.slope == Approx(b.slope).epsilon(1e-3));
  REQUIRE(*a.brier == Approx(*b.brier).epsilon(1e-3));
  const auto check = Verifier::check(a, counted);
  REQUIRE(check.roc.back().far == 1);
  REQUIRE(std::is_sorted(check.roc.begin(), check.roc.end(),
                         [](const RocPoint& x, const RocPoint& y) { return x.far < y.far; }));
  REQUIRE(message_of([&] { Verifier::calibrate(counted, "", 1e-8); }).find("people with as many") != std::string::npos);
  REQUIRE(message_of([&] { Verifier::calibrate(counted, "", 0.4); }).find("give at most") != std::string::npos);
  REQUIRE_THROWS_AS(Verifier::calibrate(counted, ""), InvalidArgument);
}

// The point of drawing people: pairs that share a person go wrong together, and who counts pairs is too sure.
TEST_CASE("95 of a hundred intervals by people hold the true rate; by pairs far fewer do") {
  Random random(7);
  const People everybody = draw_people(random, 900, 4);
  const auto population = PairDistances::of_people(everybody.embeddings, everybody.labels);
  Calibration calibration;
  for (const double far : {0.04, 0.01, 0.002}) {
    auto point = Verifier::calibrate(population, "", far);
    calibration.points.push_back({far, point.threshold, 0});
  }
  const auto truth = Verifier::check(calibration, population);

  constexpr int kTrials = 200;
  std::vector<int> far_held(3);
  std::vector<int> val_held(3);
  std::vector<int> far_held_by_pairs(3);
  for (int trial = 0; trial < kTrials; ++trial) {
    const People some = draw_people(random, 60, 4);
    const auto check = Verifier::check(calibration, PairDistances(all_pairs(some)));
    const auto naive = Verifier::check(calibration, PairDistances(all_pairs(some, false)));
    for (std::size_t i = 0; i < 3; ++i) {
      const double far = truth.points[i].measured.far;
      far_held[i] += holds(*check.points[i].measured.far_interval, far) ? 1 : 0;
      far_held_by_pairs[i] += holds(*naive.points[i].measured.far_interval, far) ? 1 : 0;
      val_held[i] += holds(*check.points[i].measured.val_interval, truth.points[i].measured.val) ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    INFO("FAR " << calibration.points[i].far << ": FAR held " << far_held[i] << ", by pairs " << far_held_by_pairs[i]
                << ", VAL held " << val_held[i] << " of " << kTrials);
    CHECK(far_held[i] >= 0.89 * kTrials);
    CHECK(val_held[i] >= 0.89 * kTrials);
    CHECK(far_held_by_pairs[i] <= 0.8 * kTrials);
  }
}

TEST_CASE("what a probability is worth is counted") {
  const std::vector<ScoredPair> pairs{{0.2F, true}, {0.6F, true}, {1.4F, true}, {0.6F, false}, {1.8F, false}};
  Calibration calibration;
  calibration.slope = 4;
  calibration.offset = -4;
  const auto check = Verifier::check(calibration, PairDistances(pairs));
  const auto p = [](double d) { return 1 / (1 + std::exp(4 * d - 4)); };
  const double brier = ((std::pow(p(0.2) - 1, 2) + std::pow(p(0.6) - 1, 2) + std::pow(p(1.4) - 1, 2)) / 3 +
                        (std::pow(p(0.6), 2) + std::pow(p(1.8), 2)) / 2) /
                       2;
  REQUIRE(check.brier == Approx(brier).epsilon(1e-5));
  REQUIRE(check.people == 0);
  REQUIRE(check.reliability.size() == 4);
  const ReliabilityBin& both = check.reliability[2];  // at 0.6: a third of the same, half of the different
  REQUIRE(both.pairs == 2);
  REQUIRE(both.probability == Approx(p(0.6)).epsilon(1e-5));
  REQUIRE(both.same == Approx((1.0 / 3) / (1.0 / 3 + 0.5)));
}

TEST_CASE("for probabilities photographs weigh the same, however many there are of somebody") {
  // Person 0 has four photographs, six pairs, all far apart; persons 1 to 4 have two each, all near.
  std::vector<ScoredPair> pairs;
  for (int i = 0; i < 6; ++i) pairs.push_back({1.5F, true, 0, 0, 0});
  for (std::int32_t p = 1; p <= 4; ++p) pairs.push_back({0.5F, true, 0, p, p});
  for (std::int32_t p = 1; p <= 4; ++p) pairs.push_back({1.5F, false, 0, p, 0});
  for (std::int32_t p = 1; p <= 4; ++p) pairs.push_back({2.5F, false, 0, p, 0});
  const auto check = Verifier::check({.slope = 4, .offset = -6}, PairDistances(pairs));
  REQUIRE(check.reliability.size() == 3);
  const ReliabilityBin& middle = check.reliability[1];
  REQUIRE(middle.probability == Approx(0.5));
  REQUIRE(middle.pairs == 10);
  const double far = 4.0 / (4 + 4 * 2);  // photographs, not 6 / 10 of the pairs
  REQUIRE(middle.same == Approx(far / (far + 0.5)));
  // Without person 0, as every third draw is, nobody is there: only people's intervals know how little that says.
  REQUIRE(middle.same_interval);
  REQUIRE(middle.same_interval->low < middle.same - 0.2);

  // The fit: two thousand people of two photographs cross the others at 1.1, and one with two hundred, who looks like
  // somebody else each time, moves that by little, though most pairs are theirs.
  Random random(1);
  std::vector<ScoredPair> many;
  const auto add = [&](double mean, bool same, std::int32_t a, std::int32_t b) {
    many.push_back({static_cast<float>(mean + 0.25 * random.normal()), same, 0, a, b});
  };
  for (std::int32_t p = 1; p <= 2000; ++p) add(0.7, true, p, p);
  for (int i = 0; i < 199 * 200 / 2; ++i) add(1.5, true, 0, 0);
  for (std::int32_t i = 0; i < 20'000; ++i) add(1.5, false, 1 + i % 2000, 1 + (i + 1) % 2000);
  const auto calibration = Verifier::calibrate(many, "");
  REQUIRE(-calibration.offset / calibration.slope == Approx(1.1).margin(0.06));
}

TEST_CASE("95 of a hundred intervals of what a probability is worth hold the truth") {
  constexpr int kTrials = 100;
  const std::vector<double> given{0.35, 0.55, 0.75};
  const auto at = [](const CalibrationCheck& check, double probability) {
    const auto found = std::find_if(check.reliability.begin(), check.reliability.end(), [&](const ReliabilityBin& bin) {
      return std::abs(bin.probability - probability) <= 0.05;
    });
    return found == check.reliability.end() ? nullptr : &*found;
  };
  Random truth(1000);
  const People all = draw_people(truth, 1500, 4);
  const auto population = PairDistances::of_people(all.embeddings, all.labels);
  const Calibration calibration = Verifier::calibrate(population, "everybody", 0.01);
  const CalibrationCheck right = Verifier::check(calibration, population);
  std::vector<int> held(given.size());
  for (int trial = 0; trial < kTrials; ++trial) {
    Random random(static_cast<std::uint64_t>(trial));
    const auto check = Verifier::check(calibration, PairDistances(all_pairs(draw_people(random, 60, 4))));
    for (std::size_t i = 0; i < given.size(); ++i) {
      REQUIRE(at(right, given[i]) != nullptr);
      REQUIRE(at(check, given[i]) != nullptr);
      const double share = at(right, given[i])->same;
      const Interval interval = *at(check, given[i])->same_interval;
      held[i] += interval.low <= share && share <= interval.high ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    INFO("given " << given[i] << ": held " << held[i] << " of " << kTrials);
    CHECK(held[i] >= 0.89 * kTrials);
  }
}

TEST_CASE("pairs that cannot be are refused") {
  REQUIRE(message_of([] {
            PairDistances(std::vector<ScoredPair>{{0.1F, true, 1, 0, 0}, {1, false}});
          }).find("all must, or none") != std::string::npos);
  REQUIRE(message_of([] {
            PairDistances(std::vector<ScoredPair>{{0.1F, true, 1, 0, 1}, {1, false, 1, 0, 1}});
          }).find("said to be of one person and has two") != std::string::npos);
  REQUIRE_THROWS_AS(PairDistances(std::vector<ScoredPair>{{NAN, true}, {1, false}}), InvalidArgument);
  const Embeddings two{2, {1, 0, 0, 1}};
  REQUIRE_THROWS_AS(PairDistances::of_people(two, std::vector<std::int32_t>{1, 2}), InvalidArgument);  // no same pair
  REQUIRE_THROWS_AS(PairDistances::of_people(two, std::vector<std::int32_t>{1}), InvalidArgument);
  REQUIRE_THROWS_AS(PairDistances::of_people({2, {1, NAN, 0, 1}}, std::vector<std::int32_t>{1, 1}), InvalidArgument);
  std::stop_source stop;
  stop.request_stop();
  Random random(1);
  const People people = draw_people(random, 4, 3);
  REQUIRE_THROWS_AS(PairDistances::of_people(people.embeddings, people.labels, {}, stop.get_token()), Interrupted);
  // Zero embeddings lie on each other; nothing divides by their length.
  const auto zeros = PairDistances::of_people({2, std::vector<float>(8)}, std::vector<std::int32_t>{1, 1, 2, 2});
  REQUIRE(Verifier::calibrate(zeros, "", 0.5).threshold < 0);
}
