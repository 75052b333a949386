// Thresholds from sorted distances.
#include "metric/operating_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "facenet/error.hpp"

namespace facenet {

float just_below(float value) { return std::nextafter(value, -std::numeric_limits<float>::infinity()); }

std::int64_t allowed_accepts(double far, std::int64_t pairs) {
  const double count = std::floor(far * static_cast<double>(pairs) * (1 + 1e-12) + 1e-9);
  return static_cast<std::int64_t>(std::clamp(count, 0.0, static_cast<double>(pairs)));
}

SortedDistances sort_distances(std::span<const ScoredPair> pairs, const char* what) {
  SortedDistances sorted;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!std::isfinite(pairs[i].distance)) {
      throw InvalidArgument(std::string(what) + ": the distance of pair " + std::to_string(i) + " is not finite");
    }
    (pairs[i].same ? sorted.same : sorted.different).push_back(pairs[i].distance);
  }
  if (sorted.same.empty() || sorted.different.empty()) {
    throw InvalidArgument(std::string(what) + ": " + std::to_string(sorted.same.size()) +
                          " pairs of the same person, " + std::to_string(sorted.different.size()) +
                          " of different people; needs some of both");
  }
  std::sort(sorted.same.begin(), sorted.same.end());
  std::sort(sorted.different.begin(), sorted.different.end());
  return sorted;
}

std::int64_t accepted(std::span<const float> sorted, float threshold) {
  return std::upper_bound(sorted.begin(), sorted.end(), threshold) - sorted.begin();
}

bool far_supported(const SortedDistances& distances, double far) {
  return allowed_accepts(far, static_cast<std::int64_t>(distances.different.size())) > 0;
}

float threshold_at_far(const SortedDistances& distances, double far) {
  const auto count =
      static_cast<std::size_t>(allowed_accepts(far, static_cast<std::int64_t>(distances.different.size())));
  if (count < distances.different.size()) return just_below(distances.different[count]);
  return std::max(distances.different.back(), distances.same.back());
}

float best_threshold(const SortedDistances& distances) {
  const auto& same = distances.same;
  const auto& different = distances.different;
  std::vector<float> best;
  std::size_t most = 0;
  const auto consider = [&](float threshold, std::size_t right) {
    if (right > most) best.clear();
    if (right >= most) best.push_back(threshold);
    most = std::max(most, right);
  };
  consider(just_below(std::min(same.front(), different.front())), different.size());
  std::size_t s = 0;
  std::size_t d = 0;
  while (s < same.size() || d < different.size()) {
    const float value = d == different.size() || (s < same.size() && same[s] < different[d]) ? same[s] : different[d];
    while (s < same.size() && same[s] == value) ++s;
    while (d < different.size() && different[d] == value) ++d;
    float next = value;
    if (s < same.size()) next = same[s];
    if (d < different.size()) next = s < same.size() ? std::min(next, different[d]) : different[d];
    const float middle = value + (next - value) / 2;
    consider(middle < next ? middle : value, s + different.size() - d);
  }
  return best[best.size() / 2];
}

}  // namespace facenet
