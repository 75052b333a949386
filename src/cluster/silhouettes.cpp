// How many clusters k-means should make: the number at which items lie nearest to their own, seen from the next one.
#include <algorithm>
#include <cmath>
#include <map>

#include "cluster/agglomerate.hpp"
#include "cluster/describe.hpp"

namespace facenet {
namespace {

constexpr double kStructure = 0.25;  // Kaufman and Rousseeuw (1990): less is no substantial structure
constexpr int kFirst = 12;           // steps over all numbers
constexpr int kNext = 8;             // and of each look between the neighbours of the best
constexpr int kLooks = 2;

// The mean silhouette with a and b squared distances to means (Hruschka et al. 2004, "simplified"): (b - a) / max(a,
// b), and 0 for a cluster of one. The outlier score is a / (a + b).
double mean_silhouette(const Clustering& clustering) {
  double sum = 0;
  for (std::size_t i = 0; i < clustering.labels.size(); ++i) {
    if (clustering.sizes[static_cast<std::size_t>(clustering.labels[i])] < 2) continue;
    const auto outlier = static_cast<double>(clustering.outlier[i]);
    sum += (1 - 2 * outlier) / std::max(outlier, 1 - outlier);
  }
  return sum / static_cast<double>(clustering.labels.size());
}

}  // namespace

std::vector<std::int32_t> kmeans_by_silhouette(const Embeddings& items, const Links& links, std::uint64_t seed,
                                               std::int32_t max_iterations, Watch& watch) {
  const auto most = static_cast<std::int32_t>(items.size() - links.same.size());
  std::map<std::int32_t, double> silhouettes;  // of each number that was tried
  std::vector<std::int32_t> labels(items.size(), 0);
  std::int32_t best = 1;
  double highest = kStructure;
  if (!links.different.empty()) labels = kmeans(items, links, 1, seed, max_iterations, watch);  // one is not enough
  int runs = 0;
  // `steps` numbers in even proportions from `low` to `high`.
  const auto look = [&](std::int32_t low, std::int32_t high, int steps) {
    for (int step = 0; step <= steps; ++step) {
      watch.at(runs++ / static_cast<double>(kFirst + 1 + kLooks * (kNext + 1)));
      const auto clusters =
          static_cast<std::int32_t>(std::lround(low * std::pow(static_cast<double>(high) / low, step / double(steps))));
      if (!silhouettes.emplace(clusters, 0.0).second) continue;
      Watch quiet = watch.quiet();
      std::vector<std::int32_t> found = kmeans(items, links, clusters, seed, max_iterations, quiet);
      const double silhouette = mean_silhouette(described(items, found, quiet));
      silhouettes[clusters] = silhouette;
      if (silhouette <= highest) continue;
      highest = silhouette;
      best = clusters;
      labels = std::move(found);
    }
  };
  if (most < 3) return labels;
  look(2, std::max(2, most / 2), kFirst);
  for (int again = 0; again < kLooks && best > 1; ++again) {
    const auto at = silhouettes.find(best);
    const auto low = at == silhouettes.begin() ? at : std::prev(at);
    const auto high = std::next(at) == silhouettes.end() ? at : std::next(at);
    look(low->first, high->first, kNext);
  }
  return labels;
}

}  // namespace facenet
