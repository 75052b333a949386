// Made people, and a naive agglomeration over all pairs of items in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "facenet/clusterer.hpp"

namespace facenet::test {

inline Embeddings people(std::size_t count, std::size_t images, std::size_t d, std::uint64_t seed, double spread) {
  Embeddings result{d, {}};
  for (std::size_t i = 0; i < count * images; ++i) {
    Random shared(seed, i % count);
    Random own(seed + 1, i);
    std::vector<double> row(d);
    double norm = 0;
    for (double& value : row) {
      value = shared.normal() + spread * own.normal();
      norm += value * value;
    }
    for (const double value : row) result.values.push_back(static_cast<float>(value / std::sqrt(norm)));
  }
  return result;
}

inline double squared(const Embeddings& e, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t k = 0; k < e.dimension; ++k) {
    const double difference = static_cast<double>(e[i][k]) - static_cast<double>(e[j][k]);
    sum += difference * difference;
  }
  return sum;
}

using Members = std::vector<std::size_t>;

inline double apart(const Embeddings& e, ClusterMethod method, const Members& a, const Members& b) {
  if (method == ClusterMethod::centroid) {
    double sum = 0;
    for (std::size_t k = 0; k < e.dimension; ++k) {
      double difference = 0;
      for (const std::size_t i : a) difference += static_cast<double>(e[i][k]) / static_cast<double>(a.size());
      for (const std::size_t j : b) difference -= static_cast<double>(e[j][k]) / static_cast<double>(b.size());
      sum += difference * difference;
    }
    return sum;
  }
  double sum = 0;
  double most = 0;
  double least = 1e9;
  for (const std::size_t i : a) {
    for (const std::size_t j : b) {
      const double distance = squared(e, i, j);
      sum += distance;
      most = std::max(most, distance);
      least = std::min(least, distance);
    }
  }
  if (method == ClusterMethod::complete) return most;
  if (method == ClusterMethod::single) return least;
  return sum / static_cast<double>(a.size() * b.size());
}

struct Naive {
  std::vector<double> heights;
  std::vector<Members> groups;  // when stopped
};

/// Starting from `start`, or from items; never merging two groups that hold one of `different`.
inline Naive naive(const Embeddings& e, ClusterMethod method, double limit, std::size_t clusters,
                   const std::vector<Members>& start = {},
                   const std::vector<std::pair<std::int32_t, std::int32_t>>& different = {}) {
  Naive result;
  result.groups = start;
  if (start.empty()) {
    for (std::size_t i = 0; i < e.size(); ++i) result.groups.push_back({i});
  }
  const auto has = [](const Members& members, std::int32_t item) {
    return std::find(members.begin(), members.end(), static_cast<std::size_t>(item)) != members.end();
  };
  const auto forbidden = [&](const Members& a, const Members& b) {
    return std::any_of(different.begin(), different.end(), [&](const auto& pair) {
      return (has(a, pair.first) && has(b, pair.second)) || (has(b, pair.first) && has(a, pair.second));
    });
  };
  auto& groups = result.groups;
  while (groups.size() > clusters) {
    std::size_t a = 0;
    std::size_t b = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (std::size_t j = i + 1; j < groups.size(); ++j) {
        const double distance = apart(e, method, groups[i], groups[j]);
        if (distance < least && !forbidden(groups[i], groups[j])) {
          least = distance;
          a = i;
          b = j;
        }
      }
    }
    if (least > limit || a == b) break;
    result.heights.push_back(least);
    groups[a].insert(groups[a].end(), groups[b].begin(), groups[b].end());
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(b));
  }
  return result;
}

/// The same partition, whatever the numbers.
inline bool same_partition(const std::vector<std::int32_t>& labels, const std::vector<Members>& groups) {
  std::set<std::int32_t> seen;
  return std::all_of(groups.begin(), groups.end(), [&](const Members& members) {
    return seen.insert(labels[members[0]]).second &&
           std::all_of(members.begin(), members.end(), [&](std::size_t i) { return labels[i] == labels[members[0]]; });
  });
}

inline constexpr ClusterMethod kLinkages[] = {ClusterMethod::average, ClusterMethod::complete, ClusterMethod::single,
                                              ClusterMethod::centroid};
inline constexpr ClusterMethod kMethods[] = {ClusterMethod::average,  ClusterMethod::complete, ClusterMethod::single,
                                             ClusterMethod::centroid, ClusterMethod::kmeans,   ClusterMethod::graph};

}  // namespace facenet::test
