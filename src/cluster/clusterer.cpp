// The public clusterer: checks, the cut of the merges, and what is said about each cluster.
#include "facenet/clusterer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "base/threads.hpp"
#include "cluster/agglomerate.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr std::array<std::pair<std::string_view, ClusterMethod>, 5> kNames{{{"average", ClusterMethod::average},
                                                                            {"complete", ClusterMethod::complete},
                                                                            {"single", ClusterMethod::single},
                                                                            {"centroid", ClusterMethod::centroid},
                                                                            {"kmeans", ClusterMethod::kmeans}}};

std::vector<std::int32_t> joined(const std::vector<Merge>& merges, std::size_t count, std::size_t items) {
  std::vector<std::int32_t> parent(items);
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](std::int32_t item) {
    while (parent[static_cast<std::size_t>(item)] != item) {
      std::int32_t& up = parent[static_cast<std::size_t>(item)];
      up = parent[static_cast<std::size_t>(up)];
      item = up;
    }
    return item;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t a = root(merges[i].a);
    const std::int32_t b = root(merges[i].b);
    parent[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
  }
  std::vector<std::int32_t> labels(items);
  for (std::size_t i = 0; i < items; ++i) labels[i] = root(static_cast<std::int32_t>(i));
  return labels;
}

// Numbers clusters by falling size, then by their first item; fills labels and sizes.
void number(std::span<const std::int32_t> labels, Clustering& result) {
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
}

// Medoids and outlier scores, from the distance of every item to every mean.
void describe(const Embeddings& items, Clustering& result) {
  const std::size_t clusters = result.sizes.size();
  const std::size_t d = items.dimension;
  std::vector<double> sums(clusters * d);
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t k = 0; k < d; ++k) {
      sums[static_cast<std::size_t>(result.labels[i]) * d + k] += static_cast<double>(items[i][k]);
    }
  }
  std::vector<float> means(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    means[i] = static_cast<float>(sums[i] / static_cast<double>(result.sizes[i / d]));
  }
  const auto n = static_cast<std::int64_t>(items.size());
  const auto dimension = static_cast<std::int64_t>(d);
  const Panels panels(means, static_cast<std::int64_t>(clusters), dimension);
  const std::vector<float> norms = squared_norms(items.values, n, dimension);
  const std::int64_t stride = panels.panels() * Panels::kWidth;
  std::vector<float> to_mean(items.size());
  result.outlier.resize(items.size());
  constexpr std::int64_t kBlock = 48;
  parallel_for((n + kBlock - 1) / kBlock, [&](std::int64_t block) {
    const std::int64_t begin = block * kBlock;
    const std::int64_t count = std::min(kBlock, n - begin);
    std::vector<float> out(static_cast<std::size_t>(count * stride));
    panels.distances(items.values.data() + begin * dimension, norms.data() + begin, count, 0, panels.panels(),
                     out.data(), stride);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto item = static_cast<std::size_t>(begin + i);
      const auto own = static_cast<std::size_t>(result.labels[item]);
      float* const row = out.data() + i * stride;
      to_mean[item] = row[own];
      row[own] = std::numeric_limits<float>::infinity();
      const double other = static_cast<double>(*std::min_element(row, row + clusters));
      const auto size = static_cast<double>(result.sizes[own]);
      if (size < 2) {
        result.outlier[item] = 1;
        continue;
      }
      // Leaving the item out moves the mean away from it by the factor size / (size - 1).
      const double rest = static_cast<double>(to_mean[item]) * std::pow(size / (size - 1), 2);
      result.outlier[item] = rest > 0 ? static_cast<float>(rest / (rest + other)) : 0;
    }
  });
  result.medoids.assign(clusters, -1);
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::int32_t& medoid = result.medoids[static_cast<std::size_t>(result.labels[i])];
    if (medoid < 0 || to_mean[i] < to_mean[static_cast<std::size_t>(medoid)]) medoid = static_cast<std::int32_t>(i);
  }
}

}  // namespace

ClusterMethod cluster_method_from_name(std::string_view name) {
  for (const auto& [known, method] : kNames) {
    if (known == name) return method;
  }
  throw InvalidArgument("unknown clustering method '" + std::string(name) +
                        "': average, complete, single, centroid or kmeans");
}

std::string_view name_of(ClusterMethod method) {
  for (const auto& [known, value] : kNames) {
    if (value == method) return known;
  }
  throw InvalidArgument("not a clustering method");
}

Clusterer::Clusterer(const Parameters& parameters) : parameters_(parameters) {
  if (parameters.threshold.has_value() == parameters.clusters.has_value()) {
    throw InvalidArgument(
        "Clusterer: give a threshold (squared L2; from a calibration, for instance) or a number of clusters, one of "
        "the two");
  }
  if (parameters.threshold && !(*parameters.threshold >= 0)) {
    throw InvalidArgument("Clusterer: the threshold must be 0 or more");
  }
  if (parameters.clusters && *parameters.clusters < 1) {
    throw InvalidArgument("Clusterer: the number of clusters must be 1 or more");
  }
  if (name_of(parameters.method) == "kmeans" && (!parameters.clusters || parameters.max_iterations < 1)) {
    throw InvalidArgument("Clusterer: kmeans needs a number of clusters, and at least one iteration");
  }
}

Clustering Clusterer::cluster(const Embeddings& embeddings, const ClusterProgress& progress,
                              const std::stop_token& stop) const {
  const std::size_t n = embeddings.size();
  require_finite_rows(embeddings.values, n, embeddings.dimension, "Clusterer");
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InvalidArgument("Clusterer: " + std::to_string(n) + " items are too many");
  }
  Clustering result;
  if (n == 0) return result;
  if (parameters_.clusters && static_cast<std::size_t>(*parameters_.clusters) > n) {
    throw InvalidArgument("Clusterer: " + std::to_string(*parameters_.clusters) + " clusters of " + std::to_string(n) +
                          " items");
  }
  Watch watch(progress, stop);
  watch.at(0);
  std::vector<std::int32_t> labels;
  if (parameters_.method == ClusterMethod::kmeans) {
    labels = kmeans(embeddings, *parameters_.clusters, parameters_.seed, parameters_.max_iterations, watch);
  } else {
    constexpr std::array kLinkages{merge_average, merge_complete, merge_single, merge_centroid};
    const float limit = parameters_.threshold.value_or(std::numeric_limits<float>::infinity());
    const auto merges = kLinkages.at(static_cast<std::size_t>(parameters_.method))(embeddings, limit, watch);
    labels =
        joined(merges, parameters_.clusters ? n - static_cast<std::size_t>(*parameters_.clusters) : merges.size(), n);
  }
  number(labels, result);
  describe(embeddings, result);
  watch.at(1);
  return result;
}

}  // namespace facenet
