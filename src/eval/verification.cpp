// ROC, AUC, EER, VAL at FAR and the LFW protocol.
#include <algorithm>
#include <cmath>
#include <set>

#include "eval/rates.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"
#include "metric/operating_points.hpp"

namespace facenet {
namespace {

double ratio(std::int64_t part, std::size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

std::vector<RocPoint> curve(const SortedDistances& sorted) {
  std::vector<float> thresholds(sorted.same);
  thresholds.insert(thresholds.end(), sorted.different.begin(), sorted.different.end());
  std::sort(thresholds.begin(), thresholds.end());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  std::vector<RocPoint> points{{std::nextafter(thresholds.front(), -1.0F), 0, 0}};
  for (const float threshold : thresholds) {
    points.push_back({threshold, ratio(accepted(sorted.different, threshold), sorted.different.size()),
                      ratio(accepted(sorted.same, threshold), sorted.same.size())});
  }
  return points;
}

double equal_error_rate(const std::vector<RocPoint>& points) {
  for (std::size_t i = 1; i < points.size(); ++i) {
    const double after = points[i].far - (1 - points[i].val);
    if (after < 0) continue;
    const double before = points[i - 1].far - (1 - points[i - 1].val);
    const double t = -before / (after - before);
    return points[i - 1].far + t * (points[i].far - points[i - 1].far);
  }
  return 1;
}

ValAtFar val_at(const SortedDistances& sorted, double far) {
  if (!(far > 0 && far <= 1)) throw InvalidArgument("VAL at FAR " + std::to_string(far) + ": must be in (0, 1]");
  ValAtFar result;
  result.far = far;
  result.supported = far_supported(sorted, far);
  if (!result.supported) return result;
  result.threshold = threshold_at_far(sorted, far);
  result.measured_far = ratio(accepted(sorted.different, result.threshold), sorted.different.size());
  result.val = ratio(accepted(sorted.same, result.threshold), sorted.same.size());
  const Rate rate = wilson_rate(result.val, static_cast<double>(sorted.same.size()));
  result.low = rate.low;
  result.high = rate.high;
  return result;
}

std::int64_t right(std::span<const ScoredPair> pairs, std::int32_t fold, float threshold, std::int64_t& count) {
  std::int64_t correct = 0;
  for (const ScoredPair& pair : pairs) {
    if (pair.fold != fold) continue;
    ++count;
    correct += (pair.distance <= threshold) == pair.same ? 1 : 0;
  }
  return correct;
}

float threshold_without(std::span<const ScoredPair> pairs, std::int32_t fold) {
  std::vector<ScoredPair> others;
  std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(others),
               [fold](const ScoredPair& pair) { return pair.fold != fold; });
  const std::string what = "evaluate_verification, the folds other than " + std::to_string(fold);
  return best_threshold(sort_distances(others, what.c_str()));
}

}  // namespace

std::vector<RocPoint> roc_curve(std::span<const ScoredPair> pairs) { return curve(sort_distances(pairs, "roc_curve")); }

Verification evaluate_verification(std::span<const ScoredPair> pairs, const VerificationOptions& options) {
  const SortedDistances sorted = sort_distances(pairs, "evaluate_verification");
  Verification result;
  result.pairs = static_cast<std::int64_t>(pairs.size());
  result.same_pairs = static_cast<std::int64_t>(sorted.same.size());
  result.auc = area_under_roc(sorted);
  result.eer = equal_error_rate(curve(sorted));
  for (const double far : options.far) result.val.push_back(val_at(sorted, far));

  std::set<std::int32_t> folds;
  for (const ScoredPair& pair : pairs) folds.insert(pair.fold);
  const bool alone = folds.size() == 1;
  result.threshold_from = options.threshold ? "given"
                          : alone           ? "the same pairs (one fold: the accuracy flatters)"
                                            : "for each fold, the best on the others";
  double thresholds = 0;
  for (const std::int32_t fold : folds) {
    FoldResult one;
    one.fold = fold;
    one.threshold = options.threshold ? *options.threshold
                    : alone           ? best_threshold(sorted)
                                      : threshold_without(pairs, fold);
    const std::int64_t correct = right(pairs, fold, one.threshold, one.pairs);
    one.accuracy = static_cast<double>(correct) / static_cast<double>(one.pairs);
    result.accuracy += one.accuracy;
    thresholds += static_cast<double>(one.threshold);
    result.folds.push_back(one);
  }
  const auto count = static_cast<double>(folds.size());
  result.accuracy /= count;
  result.threshold = static_cast<float>(thresholds / count);
  if (!alone) {
    double squares = 0;
    for (const FoldResult& fold : result.folds) squares += std::pow(fold.accuracy - result.accuracy, 2);
    result.accuracy_se = std::sqrt(squares / (count - 1) / count);
  }
  return result;
}

}  // namespace facenet
