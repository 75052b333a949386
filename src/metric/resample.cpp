// The bootstrap over people.
#include "metric/resample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "metric/operating_points.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kDraws = 300;
constexpr double kZ = 1.959963984540054;  // 97.5 % of the standard normal

// How often each person comes up when as many as there are are drawn with replacement.
std::vector<float> draw(std::int32_t people, std::int64_t number) {
  Random random(0x5eed, static_cast<std::uint64_t>(number));
  std::vector<float> times(static_cast<std::size_t>(people));
  for (std::int32_t i = 0; i < people; ++i) ++times[random.below(static_cast<std::uint64_t>(people))];
  return times;
}

struct Drawn {
  const PairDistances::Data& data;
  const std::vector<float>& times;

  double weight(const KnownPair& pair) const {
    const auto a = static_cast<std::size_t>(pair.a);
    const auto b = static_cast<std::size_t>(pair.b);
    return static_cast<double>(a == b ? times[a] : times[a] * times[b]);
  }
  double sum(const std::vector<KnownPair>& pairs) const {
    double total = 0;
    for (const KnownPair& pair : pairs) total += weight(pair);
    return total;
  }
  double different() const {
    if (data.complete()) return sum(data.near);
    double all = 0;
    double within = 0;
    for (std::size_t i = 0; i < data.images.size(); ++i) {
      const double images = static_cast<double>(times[i]) * static_cast<double>(data.images[i]);
      all += images;
      within += images * images;
    }
    return (all * all - within) / 2;
  }
};

// Shares of one draw: columns of `different` and `same`, which have a row for each of `shares`.
void accepted_in(const Drawn& drawn, std::span<const AcceptedShares> shares, double* different, double* same) {
  const double all = drawn.different();
  const auto& near = drawn.data.near;
  std::vector<float> thresholds;  // for the same pairs
  double sum = 0;
  std::size_t fixed = 0;
  std::size_t k = 0;
  const auto moves = [&] { return thresholds.size() < shares.size(); };
  const auto keep_given = [&] {
    while (moves() && !shares[thresholds.size()].far) thresholds.push_back(shares[thresholds.size()].threshold);
  };
  keep_given();
  for (; k < near.size() && (fixed < shares.size() || moves()); ++k) {
    for (; fixed < shares.size() && near[k].distance > shares[fixed].threshold; ++fixed) different[fixed] = sum / all;
    sum += drawn.weight(near[k]);
    for (; moves() && sum > *shares[thresholds.size()].far * all * (1 + 1e-9); keep_given()) {
      thresholds.push_back(just_below(near[k].distance));
    }
  }
  for (; fixed < shares.size(); ++fixed) different[fixed] = sum / all;
  while (moves()) {
    const AcceptedShares& next = shares[thresholds.size()];
    thresholds.push_back(next.far ? near.back().distance : next.threshold);
  }

  const auto& pairs = drawn.data.same;
  const double all_same = drawn.sum(pairs);
  sum = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pairs.size() && next < shares.size(); ++i) {
    for (; next < shares.size() && pairs[i].distance > thresholds[next]; ++next) same[next] = sum / all_same;
    sum += drawn.weight(pairs[i]);
  }
  for (; next < shares.size(); ++next) same[next] = sum / all_same;
}

double variance(const double* values, std::size_t stride, std::size_t count) {
  double mean = 0;
  for (std::size_t i = 0; i < count; ++i) mean += values[i * stride];
  mean /= static_cast<double>(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::pow(values[i * stride] - mean, 2);
  return sum / static_cast<double>(count - 1);
}

Interval wilson(double share, double n) {
  const double centre = (share + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

// How many independent pairs would vary as these did: at most as many as there are, at least one.
double independent(double share, double spread, double pairs, double otherwise) {
  if (!(spread > 0) || share <= 0 || share >= 1) return otherwise;
  return std::clamp(share * (1 - share) / spread, 1.0, pairs);
}

}  // namespace

std::vector<ShareIntervals> resampled_intervals(const PairDistances::Data& data,
                                                std::span<const AcceptedShares> shares) {
  const std::size_t n = shares.size();
  std::vector<double> different(static_cast<std::size_t>(kDraws) * n);
  std::vector<double> same(different.size());
  parallel_for(kDraws, [&](std::int64_t number) {
    const auto times = draw(data.people, number);
    const auto at = static_cast<std::size_t>(number) * n;
    accepted_in({data, times}, shares, different.data() + at, same.data() + at);
  });
  const auto different_pairs = static_cast<double>(data.different);
  const auto same_pairs = static_cast<double>(data.same.size());
  // Where no pair is accepted, or each is, nothing varies. Same pairs then count as one for each person; different
  // ones as they did at the next larger threshold.
  std::vector<std::int32_t> own;
  for (const KnownPair& pair : data.same) own.push_back(pair.a);
  std::sort(own.begin(), own.end());
  const auto people = static_cast<double>(std::unique(own.begin(), own.end()) - own.begin());
  std::vector<ShareIntervals> result(n);
  double last = static_cast<double>(data.people) / 2;
  for (std::size_t i = n; i-- > 0;) {
    last = independent(shares[i].different, variance(different.data() + i, n, kDraws), different_pairs, last);
    result[i].different = wilson(shares[i].different, last);
    result[i].same =
        wilson(shares[i].same, independent(shares[i].same, variance(same.data() + i, n, kDraws), same_pairs, people));
  }
  return result;
}

std::vector<std::optional<Interval>> same_share_intervals(const PairDistances::Data& data,
                                                          const std::function<std::size_t(float)>& bin_of,
                                                          std::size_t bins) {
  std::vector<bool> kept(bins, true);
  for (const CountedDistance& counted : data.different_counts) {
    if (!data.covers(counted.distance)) kept[bin_of(counted.distance)] = false;
  }
  struct Placed {
    KnownPair pair;
    std::size_t bin;
  };
  std::vector<Placed> same;
  std::vector<Placed> different;
  std::vector<double> pairs(bins);
  std::vector<std::set<std::int32_t>> people(bins);
  const auto place = [&](const std::vector<KnownPair>& from, std::vector<Placed>& to) {
    for (const KnownPair& pair : from) {
      const std::size_t bin = bin_of(pair.distance);
      if (!kept[bin]) continue;
      to.push_back({pair, bin});
      ++pairs[bin];
      people[bin].insert({pair.a, pair.b});
    }
  };
  place(data.same, same);
  place(data.near, different);
  const auto same_weight = [&](const Drawn& drawn, const KnownPair& pair) {
    return data.weights[static_cast<std::size_t>(pair.a)] * drawn.weight(pair);
  };
  const auto shares_in = [&](const Drawn& drawn) {
    double all_same = 0;
    for (const KnownPair& pair : data.same) all_same += same_weight(drawn, pair);
    const double all_different = drawn.different();
    std::vector<double> yes(bins);
    std::vector<double> no(bins);
    for (const auto& [pair, bin] : same) yes[bin] += same_weight(drawn, pair) / all_same;
    for (const auto& [pair, bin] : different) no[bin] += drawn.weight(pair) / all_different;
    for (std::size_t b = 0; b < bins; ++b) yes[b] /= yes[b] + no[b];
    return yes;
  };
  std::vector<std::vector<double>> draws(static_cast<std::size_t>(kDraws));
  parallel_for(kDraws, [&](std::int64_t number) {
    const auto times = draw(data.people, number);
    draws[static_cast<std::size_t>(number)] = shares_in({data, times});
  });
  const std::vector<float> once(static_cast<std::size_t>(data.people), 1);
  const std::vector<double> shares = shares_in({data, once});
  std::vector<std::optional<Interval>> result(bins);
  for (std::size_t b = 0; b < bins; ++b) {
    std::vector<double> values;  // of the draws in which there is somebody
    for (const auto& one : draws) {
      if (std::isfinite(one[b])) values.push_back(one[b]);
    }
    if (pairs[b] == 0 || values.size() < 2) continue;
    const double spread = variance(values.data(), 1, values.size());
    result[b] = wilson(shares[b], independent(shares[b], spread, pairs[b], static_cast<double>(people[b].size())));
  }
  return result;
}

}  // namespace facenet
