// The threshold at which known people are grouped best.
#include <algorithm>

#include "cluster/watch.hpp"
#include "facenet/clusterer.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"

namespace facenet {
namespace {

constexpr int kSteps = 12;  // of each of two searches: over all, and around its best

struct Tried {
  float threshold;
  ClusteringScores scores;
};

// Of neighbours that are equally good, the middle one.
std::size_t best_of(const std::vector<Tried>& tried) {
  const auto first = std::max_element(
      tried.begin(), tried.end(), [](const Tried& a, const Tried& b) { return a.scores.bcubed.f < b.scores.bcubed.f; });
  const auto last =
      std::find_if(first, tried.end(), [&](const Tried& one) { return one.scores.bcubed.f < first->scores.bcubed.f; });
  return static_cast<std::size_t>(first - tried.begin() + (last - first - 1) / 2);
}

}  // namespace

ClusterCalibration calibrate_clustering(const Embeddings& known, std::span<const std::int32_t> people,
                                        Clusterer::Parameters parameters, const ClusterProgress& progress,
                                        const std::stop_token& stop) {
  if (parameters.method == ClusterMethod::kmeans) {
    throw InvalidArgument("calibrate_clustering: kmeans has no threshold");
  }
  parameters.clusters.reset();
  std::vector<float> distances[2];  // of different people, of the same
  for (const ScoredPair& pair : pairs_of_people(known, people)) distances[pair.same ? 1 : 0].push_back(pair.distance);
  const auto median = [](std::vector<float>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  };
  float low = median(distances[1]);
  float high = std::max(low, median(distances[0]));
  Watch watch(progress, stop);
  int done = 0;
  const auto search = [&] {
    std::vector<Tried> tried;
    for (int step = 0; step <= kSteps; ++step) {
      watch.at(done++ / (2.0 * (kSteps + 1)));
      parameters.threshold = low + (high - low) * static_cast<float>(step) / static_cast<float>(kSteps);
      const Clustering found = Clusterer(parameters).cluster(known, {}, stop);
      tried.push_back({*parameters.threshold, score_clustering(found.labels, people)});
    }
    return tried;
  };
  std::vector<Tried> tried = search();
  const float step = (high - low) / static_cast<float>(kSteps);
  const float middle = tried[best_of(tried)].threshold;
  low = std::max(0.0F, middle - step);
  high = middle + step;
  tried = search();
  watch.at(1);
  const Tried& best = tried[best_of(tried)];
  return {best.threshold, best.scores};
}

}  // namespace facenet
