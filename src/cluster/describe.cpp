// Medoids and outlier scores, from the distances of items to means.
#include "cluster/describe.hpp"

#include <cmath>
#include <limits>

#include "base/threads.hpp"
#include "cluster/neighbours.hpp"

namespace facenet {
namespace {

constexpr std::size_t kExactMeans = 20'000;
constexpr std::int32_t kProbes = 16;

Embeddings means_of(const Embeddings& items, const Clustering& clustering) {
  const std::size_t d = items.dimension;
  std::vector<double> sums(clustering.sizes.size() * d);
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t k = 0; k < d; ++k) {
      sums[static_cast<std::size_t>(clustering.labels[i]) * d + k] += static_cast<double>(items[i][k]);
    }
  }
  Embeddings means{d, std::vector<float>(sums.size())};
  for (std::size_t i = 0; i < sums.size(); ++i) {
    means.values[i] = static_cast<float>(sums[i] / static_cast<double>(clustering.sizes[i / d]));
  }
  return means;
}

}  // namespace

void describe(const Embeddings& items, Watch& watch, Clustering& result) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Embeddings means = means_of(items, result);
  const Neighbours near = means.size() <= kExactMeans
                              ? nearest_neighbours(means, Clustering::kRivals, kInfinity, watch, 0)
                              : likely_neighbours(means, Clustering::kRivals, kInfinity, kProbes, 1, watch, 0);
  std::vector<float> to_mean(items.size());
  result.outlier.resize(items.size());
  parallel_for(static_cast<std::int64_t>(items.size()), [&](std::int64_t i) {
    const auto item = static_cast<std::size_t>(i);
    const auto own = static_cast<std::size_t>(result.labels[item]);
    to_mean[item] = squared_distance(items[item], means[own]);
    float other = kInfinity;
    for (const Neighbour& rival : near[own]) {
      other = std::min(other, squared_distance(items[item], means[static_cast<std::size_t>(rival.item)]));
    }
    const auto size = static_cast<double>(result.sizes[own]);
    if (size < 2) {
      result.outlier[item] = 1;
      return;
    }
    // Leaving the item out moves the mean away from it by the factor size / (size - 1).
    const double rest = static_cast<double>(to_mean[item]) * std::pow(size / (size - 1), 2);
    result.outlier[item] = rest > 0 ? static_cast<float>(rest / (rest + static_cast<double>(other))) : 0;
  });
  result.medoids.assign(result.sizes.size(), -1);
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::int32_t& medoid = result.medoids[static_cast<std::size_t>(result.labels[i])];
    if (medoid < 0 || to_mean[i] < to_mean[static_cast<std::size_t>(medoid)]) medoid = static_cast<std::int32_t>(i);
  }
}

}  // namespace facenet
