// Clustering scores from the contingency table, and closed-set identification.
#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

PrecisionRecall with_f(double precision, double recall) {
  const double sum = precision + recall;
  return {precision, recall, sum > 0 ? 2 * precision * recall / sum : 0};
}

double pairs_of(double count) { return count * (count - 1) / 2; }

}  // namespace

ClusteringScores score_clustering(std::span<const std::int32_t> clusters, std::span<const std::int32_t> truth) {
  if (clusters.size() != truth.size() || clusters.empty()) {
    throw InvalidArgument("score_clustering: " + std::to_string(clusters.size()) + " clusters for " +
                          std::to_string(truth.size()) + " labels; needs one of each for every item, and an item");
  }
  std::map<std::pair<std::int32_t, std::int32_t>, double> cells;
  std::unordered_map<std::int32_t, double> cluster_sizes;
  std::unordered_map<std::int32_t, double> truth_sizes;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    ++cells[{clusters[i], truth[i]}];
    ++cluster_sizes[clusters[i]];
    ++truth_sizes[truth[i]];
  }
  double together = 0;
  double precision = 0;
  double recall = 0;
  for (const auto& [cell, count] : cells) {
    together += pairs_of(count);
    precision += count * count / cluster_sizes[cell.first];
    recall += count * count / truth_sizes[cell.second];
  }
  double claimed = 0;
  double real = 0;
  for (const auto& [cluster, count] : cluster_sizes) claimed += pairs_of(count);
  for (const auto& [person, count] : truth_sizes) real += pairs_of(count);
  const auto n = static_cast<double>(clusters.size());
  return {with_f(claimed > 0 ? together / claimed : 1, real > 0 ? together / real : 1),
          with_f(precision / n, recall / n)};
}

Identification evaluate_identification(const Embeddings& gallery, std::span<const std::int32_t> gallery_labels,
                                       const Embeddings& probes, std::span<const std::int32_t> probe_labels,
                                       std::int32_t ranks) {
  if (gallery_labels.size() != gallery.size() || probe_labels.size() != probes.size() || ranks < 1) {
    throw InvalidArgument("evaluate_identification: needs a label for each embedding, and at least one rank");
  }
  if (gallery.size() > 0 && probes.size() > 0 && gallery.dimension != probes.dimension) {
    throw InvalidArgument("evaluate_identification: gallery of dimension " + std::to_string(gallery.dimension) +
                          ", probes of " + std::to_string(probes.dimension));
  }
  require_finite_rows(gallery.values, gallery.size(), gallery.dimension, "evaluate_identification, gallery");
  require_finite_rows(probes.values, probes.size(), probes.dimension, "evaluate_identification, probes");

  std::unordered_map<std::int32_t, std::size_t> people;
  std::vector<std::size_t> person(gallery.size());
  for (std::size_t j = 0; j < gallery.size(); ++j) {
    person[j] = people.try_emplace(gallery_labels[j], people.size()).first->second;
  }
  Identification result;
  result.rank.assign(static_cast<std::size_t>(ranks), 0);
  const Panels panels(gallery.values, static_cast<std::int64_t>(gallery.size()),
                      static_cast<std::int64_t>(gallery.dimension));
  const auto norms = squared_norms(probes.values, static_cast<std::int64_t>(probes.size()),
                                   static_cast<std::int64_t>(probes.dimension));
  std::vector<float> row(static_cast<std::size_t>(panels.panels() * Panels::kWidth));
  std::vector<float> nearest(people.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto mate = people.find(probe_labels[i]);
    if (mate == people.end()) {
      ++result.unmated;
      continue;
    }
    ++result.probes;
    panels.distances(probes[i].data(), &norms[i], 1, 0, panels.panels(), row.data(), 0);
    std::fill(nearest.begin(), nearest.end(), std::numeric_limits<float>::infinity());
    for (std::size_t j = 0; j < gallery.size(); ++j) nearest[person[j]] = std::min(nearest[person[j]], row[j]);
    // A tie with somebody else counts against: the model cannot tell them apart.
    std::size_t before = 0;
    for (std::size_t p = 0; p < nearest.size(); ++p) {
      before += p != mate->second && nearest[p] <= nearest[mate->second] ? 1 : 0;
    }
    for (std::size_t k = before; k < result.rank.size(); ++k) ++result.rank[k];
  }
  for (double& share : result.rank) share = result.probes > 0 ? share / static_cast<double>(result.probes) : 0;
  return result;
}

}  // namespace facenet
