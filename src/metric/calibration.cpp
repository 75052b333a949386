// Thresholds, probabilities and their evidence from pairs of known truth, and the same on other pairs.
#include "metric/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "facenet/error.hpp"
#include "facenet/verifier.hpp"
#include "metric/logistic.hpp"
#include "metric/operating_points.hpp"
#include "metric/pair_distances.hpp"
#include "metric/resample.hpp"

namespace facenet {
namespace {

using Pairs = PairDistances::Data;

double share(std::int64_t part, std::int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }
std::string text(double value) { return nlohmann::json(value).dump(); }

// The nearest different pairs alone are kept: of no rate beyond half of them is there a threshold in every draw.
bool too_coarse(const Pairs& pairs, double far) {
  return !pairs.complete() && 2 * allowed_accepts(far, pairs.different) > static_cast<std::int64_t>(pairs.near.size());
}

void require_rate(const Pairs& pairs, double far) {
  if (!(far > 0 && far <= 1)) throw InvalidArgument("calibrate: FAR " + text(far) + " not in (0, 1]");
  if (allowed_accepts(far, pairs.different) == 0) {
    const double wanted = std::ceil(1 / far - 1e-9);
    std::string message = "calibrate: " + std::to_string(pairs.different) +
                          " pairs of different people cannot show a FAR of " + text(far) + "; give at least " +
                          std::to_string(std::llround(wanted));
    if (!pairs.complete()) {
      const double grown = std::sqrt(wanted / static_cast<double>(pairs.different));
      message += " (all pairs of some " +
                 std::to_string(std::llround(std::ceil(grown * static_cast<double>(pairs.people)))) +
                 " people with as many images each)";
    }
    throw InvalidArgument(message + " or a larger FAR");
  }
  if (too_coarse(pairs, far)) {
    throw InvalidArgument("calibrate: a FAR of " + text(far) + " is beyond the nearest " +
                          std::to_string(pairs.near.size()) +
                          " pairs of different people, which are kept; give at most " +
                          text(share(static_cast<std::int64_t>(pairs.near.size()) / 2, pairs.different)));
  }
}

float threshold_at(const Pairs& pairs, double far) {
  const auto count = static_cast<std::size_t>(allowed_accepts(far, pairs.different));
  if (count < pairs.near.size()) return just_below(pairs.near[count].distance);
  return std::max(pairs.near.back().distance, pairs.same.back().distance);
}

OperatingPoint point_at(const Pairs& pairs, double far, float threshold) {
  OperatingPoint point;
  point.far = far;
  point.threshold = threshold;
  point.false_accepts = pairs.different_accepted(threshold);
  point.val = share(pairs.same_accepted(threshold), static_cast<std::int64_t>(pairs.same.size()));
  return point;
}

// 1, 2 and 5 of each decade, and the rate that was asked for, by falling rate.
std::vector<double> rates(const Pairs& pairs, std::optional<double> asked) {
  std::vector<double> result;
  for (double decade = 0.1; allowed_accepts(5 * decade, pairs.different) > 0; decade /= 10) {
    for (const double step : {5.0, 2.0, 1.0}) {
      const double rate = step * decade;
      if (allowed_accepts(rate, pairs.different) > 0 && !too_coarse(pairs, rate)) result.push_back(rate);
    }
  }
  const auto is_asked = [&](double rate) { return std::abs(rate - *asked) <= 1e-9 * *asked; };
  if (asked && std::none_of(result.begin(), result.end(), is_asked)) result.push_back(*asked);
  std::sort(result.rbegin(), result.rend());
  return result;
}

// Intervals of points by falling threshold; `draw_thresholds`: VAL is that at the point's FAR, not at its threshold.
void add_intervals(const Pairs& pairs, std::vector<OperatingPoint*> points, bool draw_thresholds) {
  std::erase_if(points, [&](const OperatingPoint* point) { return !pairs.covers(point->threshold); });
  std::reverse(points.begin(), points.end());
  std::vector<AcceptedShares> shares;
  for (const OperatingPoint* point : points) {
    shares.push_back({point->threshold, share(point->false_accepts, pairs.different), point->val, std::nullopt});
    if (draw_thresholds) shares.back().far = point->far;
  }
  const auto intervals = resampled_intervals(pairs, shares);
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i]->far_interval = intervals[i].different;
    points[i]->val_interval = intervals[i].same;
  }
}

// `weight`: its share of what all pairs of its kind weigh.
template <typename Visit>
void visit_counts(const Pairs& pairs, const Visit& visit) {
  for (const auto* kind : {&pairs.same_counts, &pairs.different_counts}) {
    double all = 0;
    for (const CountedDistance& counted : *kind) all += counted.weight;
    for (const CountedDistance& counted : *kind) visit(kind == &pairs.same_counts, counted, counted.weight / all);
  }
}

double brier_score(const Calibration& calibration, const Pairs& pairs) {
  double sum = 0;
  visit_counts(pairs, [&](bool same, const CountedDistance& counted, double weight) {
    sum += weight / 2 * std::pow(calibration.probability(counted.distance) - (same ? 1 : 0), 2);
  });
  return sum;
}

std::vector<ReliabilityBin> reliability_of(const Calibration& calibration, const Pairs& pairs) {
  constexpr std::size_t kBins = 10;
  const auto bin_of = [&](float distance) {
    return std::min(kBins - 1, static_cast<std::size_t>(calibration.probability(distance) * kBins));
  };
  std::vector<ReliabilityBin> bins(kBins);
  std::vector<double> weights(kBins);
  visit_counts(pairs, [&](bool same, const CountedDistance& counted, double weight) {
    const std::size_t at = bin_of(counted.distance);
    weights[at] += weight;
    bins[at].probability += weight * calibration.probability(counted.distance);
    bins[at].same += same ? weight : 0;
    bins[at].pairs += std::llround(counted.pairs);
  });
  const auto intervals = same_share_intervals(pairs, bin_of, kBins);
  std::vector<ReliabilityBin> result;
  for (std::size_t i = 0; i < kBins; ++i) {
    if (bins[i].pairs == 0) continue;
    result.push_back({bins[i].probability / weights[i], bins[i].same / weights[i], bins[i].pairs, intervals[i]});
  }
  return result;
}

std::vector<RocPoint> log_roc(const Pairs& pairs) {
  constexpr int kPerDecade = 24;
  const auto same = static_cast<std::int64_t>(pairs.same.size());
  std::vector<RocPoint> roc;
  const auto add = [&](float threshold, double far) {
    roc.push_back({threshold, far, share(pairs.same_accepted(threshold), same)});
  };
  const double first = 1 / static_cast<double>(pairs.different);
  std::int64_t last = 0;
  for (int step = 0; step <= std::ceil(-kPerDecade * std::log10(first)); ++step) {
    const auto count =
        allowed_accepts(std::min(1.0, first * std::pow(10.0, static_cast<double>(step) / kPerDecade)), pairs.different);
    if (count == last || count >= static_cast<std::int64_t>(pairs.near.size())) continue;
    last = count;
    add(just_below(pairs.near[static_cast<std::size_t>(count)].distance), share(count, pairs.different));
  }
  if (!pairs.complete()) {
    double sum = 0;
    double next = share(last, pairs.different);
    for (const CountedDistance& counted : pairs.different_counts) {
      sum += counted.pairs;
      const double far = sum / static_cast<double>(pairs.different);
      if (far < next) continue;
      add(counted.distance, far);
      next = far * std::pow(10.0, 1.0 / kPerDecade);
    }
  }
  add(std::max(pairs.different_counts.back().distance, pairs.same.back().distance), 1);
  return roc;
}

}  // namespace

double Calibration::probability(float distance) const {
  return 1 / (1 + std::exp(slope * static_cast<double>(distance) + offset));
}

Calibration Verifier::calibrate(const PairDistances& pairs, std::string data, std::optional<double> far) {
  const Pairs& known = pairs.data();
  Calibration result;
  result.data = std::move(data);
  result.same_pairs = pairs.same();
  result.different_pairs = pairs.different();
  result.people = pairs.people();
  result.far = far;
  if (far) {
    require_rate(known, *far);
    result.threshold = threshold_at(known, *far);
  } else if (known.complete()) {
    SortedDistances sorted;
    for (const KnownPair& pair : known.same) sorted.same.push_back(pair.distance);
    for (const KnownPair& pair : known.near) sorted.different.push_back(pair.distance);
    result.threshold = best_threshold(sorted);
  } else {
    throw InvalidArgument("calibrate: give a FAR; of so many pairs only the nearest are kept");
  }
  const LogisticLine line = fit_logistic(known.same_counts, known.different_counts);
  result.slope = line.slope;
  result.offset = line.offset;
  result.brier = brier_score(result, known);
  for (const double rate : rates(known, far)) {
    result.points.push_back(point_at(known, rate, threshold_at(known, rate)));
  }
  std::vector<OperatingPoint*> points;
  for (OperatingPoint& point : result.points) points.push_back(&point);
  add_intervals(known, points, true);
  return result;
}

CalibrationCheck Verifier::check(const Calibration& calibration, const PairDistances& pairs) {
  const Pairs& known = pairs.data();
  CalibrationCheck result;
  result.same_pairs = pairs.same();
  result.different_pairs = pairs.different();
  result.people = pairs.people();
  for (const OperatingPoint& point : calibration.points) {
    OperatingPoint measured = point_at(known, 0, point.threshold);
    measured.far = share(measured.false_accepts, known.different);
    result.points.push_back({point.far, measured});
  }
  std::vector<OperatingPoint*> points;
  for (auto& point : result.points) points.push_back(&point.measured);
  add_intervals(known, points, false);
  result.brier = brier_score(calibration, known);
  result.reliability = reliability_of(calibration, known);
  result.roc = log_roc(known);
  return result;
}

}  // namespace facenet
