// The public clusterer: checks, the cut of the merges, and what is said about each cluster.
#include "facenet/clusterer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "cluster/agglomerate.hpp"
#include "cluster/checks.hpp"
#include "cluster/describe.hpp"
#include "cluster/faces_only.hpp"
#include "cluster/links.hpp"
#include "cluster/map_equation.hpp"
#include "cluster/neighbours.hpp"

namespace facenet {
namespace {

constexpr std::array<std::pair<std::string_view, ClusterMethod>, 6> kNames{{{"average", ClusterMethod::average},
                                                                            {"complete", ClusterMethod::complete},
                                                                            {"single", ClusterMethod::single},
                                                                            {"centroid", ClusterMethod::centroid},
                                                                            {"kmeans", ClusterMethod::kmeans},
                                                                            {"graph", ClusterMethod::graph}}};

std::vector<std::int32_t> joined(const Links& links, const std::vector<Merge>& merges, std::size_t count,
                                 std::size_t items) {
  DisjointSets groups(items);
  for (const auto& [bundle, item] : links.same) groups.join(bundle, item);
  for (std::size_t i = 0; i < count; ++i) groups.join(merges[i].a, merges[i].b);
  std::vector<std::int32_t> labels(items);
  for (std::size_t i = 0; i < items; ++i) labels[i] = groups.root(static_cast<std::int32_t>(i));
  return labels;
}

std::vector<std::int32_t> by_graph(const Rows& items, const Links& links, const Clusterer::Parameters& parameters,
                                   Watch& watch) {
  constexpr double kShare = 0.7;  // of the time, for the neighbours
  constexpr std::int32_t kProbes = 32;
  const float limit = *parameters.threshold;
  const bool exact = items.size() <= static_cast<std::size_t>(parameters.exact_up_to);
  FlowNetwork network = flow_network(
      exact ? nearest_neighbours(items, parameters.neighbours, limit, watch, kShare)
            : likely_neighbours(items, parameters.neighbours, limit, kProbes, parameters.seed, watch, kShare),
      limit);
  const std::vector<std::int32_t> bundles = bundle_numbers(links, items.size());
  if (!links.same.empty()) {
    network = aggregated(network, bundles, static_cast<std::int32_t>(items.size() - links.same.size()));
  }
  for (const auto& [a, b] : links.different) {
    network.apart.add(bundles[static_cast<std::size_t>(a)], bundles[static_cast<std::size_t>(b)]);
  }
  const std::vector<std::int32_t> found = shortest_code(network, parameters.seed, watch, kShare);
  std::vector<std::int32_t> labels;
  for (const std::int32_t bundle : bundles) labels.push_back(found[static_cast<std::size_t>(bundle)]);
  return labels;
}

}  // namespace

ClusterMethod cluster_method_from_name(std::string_view name) {
  for (const auto& [known, method] : kNames) {
    if (known == name) return method;
  }
  throw InvalidArgument("unknown clustering method '" + std::string(name) +
                        "': average, complete, single, centroid, kmeans or graph");
}

std::string_view name_of(ClusterMethod method) {
  for (const auto& [known, value] : kNames) {
    if (value == method) return known;
  }
  throw InvalidArgument("not a clustering method");
}

Clusterer::Clusterer(const Parameters& parameters) : parameters_(parameters) {
  if (parameters.method == ClusterMethod::kmeans) {
    if (parameters.threshold || parameters.max_iterations < 1) {
      throw InvalidArgument(
          "Clusterer: kmeans has no threshold, and at least one iteration; without a number of clusters, it finds one");
    }
  } else if (parameters.threshold.has_value() == parameters.clusters.has_value()) {
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
  if (parameters.method == ClusterMethod::graph &&
      (!parameters.threshold || parameters.neighbours < 1 || parameters.exact_up_to < 0)) {
    throw InvalidArgument(
        "Clusterer: graph needs a threshold, the longest edge between neighbours, and at least one neighbour; it finds "
        "the number of clusters itself");
  }
}

Clustering Clusterer::cluster(const Embeddings& embeddings, const ClusterProgress& progress,
                              const std::stop_token& stop) const {
  return cluster(embeddings, Constraints{}, progress, stop);
}

Clustering Clusterer::cluster(const Embeddings& embeddings, const Constraints& constraints,
                              const ClusterProgress& progress, const std::stop_token& stop) const {
  const std::size_t n = embeddings.size();
  require_faces(embeddings, "Clusterer");
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InvalidArgument("Clusterer: " + std::to_string(n) + " items are too many");
  }
  const Links links = checked_links(constraints, n);
  if (!constraints.not_a_face.empty()) return without(embeddings, constraints, progress, stop);
  if (n == 0) return {};
  const std::size_t groups = n - links.same.size();
  if (parameters_.clusters && static_cast<std::size_t>(*parameters_.clusters) > groups) {
    throw InvalidArgument("Clusterer: " + std::to_string(*parameters_.clusters) + " clusters of " + std::to_string(n) +
                          " items" +
                          (links.same.empty() ? "" : ", in " + std::to_string(groups) + " groups said to be the same"));
  }
  Watch watch(progress, stop);
  watch.at(0);
  std::vector<std::int32_t> labels;
  if (parameters_.method == ClusterMethod::kmeans) {
    labels = parameters_.clusters
                 ? kmeans(embeddings, links, *parameters_.clusters, parameters_.seed, parameters_.max_iterations, watch)
                 : kmeans_by_silhouette(embeddings, links, parameters_.seed, parameters_.max_iterations, watch);
  } else if (parameters_.method == ClusterMethod::graph) {
    labels = by_graph(embeddings, links, parameters_, watch);
  } else {
    constexpr std::array kLinkages{merge_average, merge_complete, merge_single, merge_centroid};
    const float limit = parameters_.threshold.value_or(std::numeric_limits<float>::infinity());
    const auto merges = kLinkages.at(static_cast<std::size_t>(parameters_.method))(embeddings, links, limit, watch);
    const std::size_t wanted =
        parameters_.clusters ? groups - static_cast<std::size_t>(*parameters_.clusters) : merges.size();
    labels = joined(links, merges, std::min(wanted, merges.size()), n);
  }
  Clustering result = described(embeddings, labels, watch);
  watch.at(1);
  return result;
}

Clustering Clusterer::cluster(const CodedEmbeddings& coded, const Constraints& constraints,
                              const ClusterProgress& progress, const std::stop_token& stop) const {
  if (parameters_.method != ClusterMethod::graph || !constraints.not_a_face.empty()) {
    return cluster(coded.codec.decode(coded.codes), constraints, progress, stop);
  }
  const Links links = checked_links(constraints, coded.codes.size());
  if (coded.codes.size() == 0) return {};
  const Rows rows(coded);
  Watch watch(progress, stop);
  watch.at(0);
  Clustering result = described(rows, by_graph(rows, links, parameters_, watch), watch);
  watch.at(1);
  return result;
}

Clustering Clusterer::without(const Embeddings& embeddings, const Constraints& constraints,
                              const ClusterProgress& progress, const std::stop_token& stop) const {
  const FacesOnly only(embeddings, constraints);
  Clustering result = cluster(only.faces, only.constraints, progress, stop);
  std::vector<std::int32_t> labels(embeddings.size(), Clustering::kNotAFace);
  std::vector<float> outlier(embeddings.size(), 1.0F);
  for (std::size_t row = 0; row < only.item_of.size(); ++row) {
    labels[only.item_of[row]] = result.labels[row];
    outlier[only.item_of[row]] = result.outlier[row];
  }
  for (std::int32_t& medoid : result.medoids) {
    medoid = static_cast<std::int32_t>(only.item_of[static_cast<std::size_t>(medoid)]);
  }
  result.labels = std::move(labels);
  result.outlier = std::move(outlier);
  return result;
}

}  // namespace facenet
