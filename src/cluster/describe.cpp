// Numbers, medoids, quality and outlier scores, from the distances of items to means.
#include "cluster/describe.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/threads.hpp"
#include "cluster/neighbours.hpp"

namespace facenet {
namespace {

constexpr std::size_t kExactMeans = 20'000;
constexpr std::int32_t kProbes = 16;

// By falling size, then by their first item.
Clustering numbered(std::span<const std::int32_t> labels) {
  Clustering result;
  struct Group {
    std::int32_t first;
    std::int32_t size;
  };
  const std::size_t highest = static_cast<std::size_t>(*std::max_element(labels.begin(), labels.end()));
  std::vector<Group> groups(highest + 1, {-1, 0});
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Group& group = groups[static_cast<std::size_t>(labels[i])];
    if (group.size++ == 0) group.first = static_cast<std::int32_t>(i);
  }
  std::vector<Group> order;
  std::copy_if(groups.begin(), groups.end(), std::back_inserter(order), [](const Group& g) { return g.size > 0; });
  std::sort(order.begin(), order.end(),
            [](const Group& a, const Group& b) { return a.size != b.size ? a.size > b.size : a.first < b.first; });
  std::vector<std::int32_t> renamed(groups.size());
  for (std::size_t c = 0; c < order.size(); ++c) {
    renamed[static_cast<std::size_t>(labels[static_cast<std::size_t>(order[c].first)])] = static_cast<std::int32_t>(c);
    result.sizes.push_back(order[c].size);
  }
  for (const std::int32_t label : labels) result.labels.push_back(renamed[static_cast<std::size_t>(label)]);
  return result;
}

// The mean squared distance between two items of a cluster, and between those of two clusters, from their means and
// spreads alone.
std::vector<float> qualities(const Clustering& clustering, const Embeddings& means, const Neighbours& near,
                             std::span<const float> to_mean) {
  std::vector<double> spreads(clustering.sizes.size());
  for (std::size_t i = 0; i < to_mean.size(); ++i) {
    const auto c = static_cast<std::size_t>(clustering.labels[i]);
    spreads[c] += static_cast<double>(to_mean[i]) / clustering.sizes[c];
  }
  std::vector<float> result;
  for (std::size_t c = 0; c < spreads.size(); ++c) {
    double other = std::numeric_limits<double>::infinity();
    for (const Neighbour& rival : near[c]) {
      const auto r = static_cast<std::size_t>(rival.item);
      other = std::min(other, static_cast<double>(squared_distance(means[c], means[r])) + spreads[c] + spreads[r]);
    }
    const double size = clustering.sizes[c];
    const double own = size < 2 ? 0 : 2 * spreads[c] * size / (size - 1);
    const double share = std::isinf(other) ? 1 : own + other > 0 ? other / (own + other) : 0.5;
    result.push_back(size < 2 ? 0 : static_cast<float>(share));
  }
  return result;
}

}  // namespace

Embeddings means_of(const Rows& items, const Clustering& clustering) {
  constexpr std::size_t kBlock = 4096;
  const std::size_t d = items.dimension();
  std::vector<double> sums(clustering.sizes.size() * d);
  for (std::size_t first = 0; first < items.size(); first += kBlock) {
    const Embeddings rows = items.block(first, std::min(kBlock, items.size() - first));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int32_t label = clustering.labels[first + i];
      if (label < 0) continue;
      double* const sum = sums.data() + static_cast<std::size_t>(label) * d;
      for (std::size_t k = 0; k < d; ++k) sum[k] += static_cast<double>(rows[i][k]);
    }
  }
  Embeddings means{d, std::vector<float>(sums.size())};
  for (std::size_t i = 0; i < sums.size(); ++i) {
    means.values[i] = static_cast<float>(sums[i] / static_cast<double>(clustering.sizes[i / d]));
  }
  return means;
}

float outlier_score(double to_mean, std::int32_t size, double to_other) {
  if (size < 2) return 1;
  // Leaving the item out moves the mean away from it by the factor size / (size - 1).
  const double rest = to_mean * std::pow(static_cast<double>(size) / (size - 1), 2);
  return rest + to_other > 0 ? static_cast<float>(rest / (rest + to_other)) : 0.5F;
}

Clustering described(const Rows& items, std::span<const std::int32_t> labels, Watch& watch) {
  Clustering result = numbered(labels);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Embeddings means = means_of(items, result);
  const Neighbours near = means.size() <= kExactMeans
                              ? nearest_neighbours(means, Clustering::kRivals, kInfinity, watch, 0)
                              : likely_neighbours(means, Clustering::kRivals, kInfinity, kProbes, 1, watch, 0);
  std::vector<float> to_mean(items.size());
  result.outlier.resize(items.size());
  items.each_block([&](std::size_t first, const Embeddings& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t item = first + i;
      const auto own = static_cast<std::size_t>(result.labels[item]);
      to_mean[item] = squared_distance(rows[i], means[own]);
      float other = kInfinity;
      for (const Neighbour& rival : near[own]) {
        other = std::min(other, squared_distance(rows[i], means[static_cast<std::size_t>(rival.item)]));
      }
      result.outlier[item] =
          outlier_score(static_cast<double>(to_mean[item]), result.sizes[own], static_cast<double>(other));
    }
  });
  result.quality = qualities(result, means, near, to_mean);
  result.medoids.assign(result.sizes.size(), -1);
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::int32_t& medoid = result.medoids[static_cast<std::size_t>(result.labels[i])];
    if (medoid < 0 || to_mean[i] < to_mean[static_cast<std::size_t>(medoid)]) medoid = static_cast<std::int32_t>(i);
  }
  return result;
}

}  // namespace facenet
