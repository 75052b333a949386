// Wilson's interval, alone and over people drawn anew.
#include "eval/rates.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/random.hpp"

namespace facenet {
namespace {

constexpr int kDraws = 300;

// Pairs with people numbered from 0.
struct Numbered {
  std::vector<JudgedPair> pairs;
  std::size_t people = 0;
};

Numbered numbered(std::span<const JudgedPair> pairs) {
  Numbered result;
  std::unordered_map<std::int32_t, std::int32_t> numbers;
  const auto number = [&](std::int32_t person) {
    return numbers.try_emplace(person, static_cast<std::int32_t>(numbers.size())).first->second;
  };
  for (const JudgedPair& pair : pairs) {
    const std::int32_t a = number(pair.person_a);
    result.pairs.push_back({pair.wrong, a, number(pair.person_b)});
  }
  result.people = numbers.size();
  return result;
}

// Of the share of wrong pairs, over people drawn anew.
double variance_over_people(const Numbered& known) {
  Random random(1, 0xb007);
  double sum = 0;
  double squares = 0;
  int counted = 0;
  std::vector<int> times(known.people);
  for (int draw = 0; draw < kDraws; ++draw) {
    std::fill(times.begin(), times.end(), 0);
    for (std::size_t i = 0; i < known.people; ++i) ++times[random.below(known.people)];
    double all = 0;
    double wrong = 0;
    for (const JudgedPair& pair : known.pairs) {
      const int a = times[static_cast<std::size_t>(pair.person_a)];
      const int weight = pair.person_a == pair.person_b ? a : a * times[static_cast<std::size_t>(pair.person_b)];
      all += weight;
      wrong += pair.wrong ? weight : 0;
    }
    if (all <= 0) continue;
    sum += wrong / all;
    squares += wrong / all * (wrong / all);
    ++counted;
  }
  if (counted < 2) return 0;
  const double mean = sum / counted;
  return std::max(0.0, squares / counted - mean * mean) * counted / (counted - 1);
}

}  // namespace

Rate wilson_rate(double share, double count) {
  constexpr double kZ = 1.959963984540054;  // 97.5 % of the standard normal
  Rate rate;
  rate.value = share;
  rate.pairs = static_cast<std::int64_t>(count);
  if (!(count > 0)) return rate;
  const double centre = (share + kZ * kZ / (2 * count)) / (1 + kZ * kZ / count);
  const double half =
      kZ / (1 + kZ * kZ / count) * std::sqrt(share * (1 - share) / count + kZ * kZ / (4 * count * count));
  rate.low = share > 0 ? std::max(0.0, centre - half) : 0;  // not a rounding error away
  rate.high = share < 1 ? std::min(1.0, centre + half) : 1;
  return rate;
}

Rate wrong_rate(std::span<const JudgedPair> pairs) {
  if (pairs.empty()) return {};
  const auto count = static_cast<double>(pairs.size());
  const auto wrong = std::count_if(pairs.begin(), pairs.end(), [](const JudgedPair& pair) { return pair.wrong; });
  const double share = static_cast<double>(wrong) / count;
  const bool known = std::all_of(pairs.begin(), pairs.end(),
                                 [](const JudgedPair& pair) { return pair.person_a >= 0 && pair.person_b >= 0; });
  double independent = count;
  if (known) {
    const Numbered people = numbered(pairs);
    const double variance = variance_over_people(people);
    independent = variance > 0 ? share * (1 - share) / variance : static_cast<double>(people.people);
    independent = std::clamp(independent, 1.0, count);
  }
  Rate rate = wilson_rate(share, independent);
  rate.pairs = static_cast<std::int64_t>(pairs.size());
  return rate;
}

double area_under_roc(const SortedDistances& sorted) {
  double wins = 0;
  for (const float distance : sorted.different) {
    const auto [low, high] = std::equal_range(sorted.same.begin(), sorted.same.end(), distance);
    wins += static_cast<double>(low - sorted.same.begin()) + 0.5 * static_cast<double>(high - low);
  }
  return wins / (static_cast<double>(sorted.same.size()) * static_cast<double>(sorted.different.size()));
}

}  // namespace facenet
