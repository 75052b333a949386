// Error versus reject: what a quality knows of a pair's fate.
#include <algorithm>
#include <cmath>
#include <string>

#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>

namespace facenet {

std::vector<RejectPoint> error_versus_reject(std::span<const ScoredPair> pairs, std::span<const float> quality,
                                             float threshold, std::span<const double> shares) {
  if (quality.size() != pairs.size()) throw InvalidArgument("error_versus_reject wants a quality for each pair");
  struct Same {
    float quality;
    bool rejected;
  };
  std::vector<Same> same;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!pairs[i].same) continue;
    if (!std::isfinite(quality[i])) {
      throw InvalidArgument("error_versus_reject: the quality of pair " + std::to_string(i) + " is not finite");
    }
    same.push_back({quality[i], !(pairs[i].distance <= threshold)});
  }
  if (same.empty()) throw InvalidArgument("error_versus_reject: there is no pair of one person");
  std::stable_sort(same.begin(), same.end(), [](const Same& a, const Same& b) { return a.quality < b.quality; });

  std::vector<RejectPoint> points;
  for (const double share : shares) {
    if (!(share >= 0 && share <= 1)) throw InvalidArgument("error_versus_reject: shares are from 0 to 1");
    const auto out = static_cast<std::ptrdiff_t>(share * static_cast<double>(same.size()));
    const auto failed = std::count_if(same.begin() + out, same.end(), [](const Same& pair) { return pair.rejected; });
    const auto left = static_cast<std::int64_t>(same.size()) - out;
    points.push_back({share, left, left == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(left)});
  }
  return points;
}

}  // namespace facenet
