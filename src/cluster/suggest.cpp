// Which clusters a person should look at: near ones that may be one, loose ones that may be two.
#include <algorithm>
#include <limits>
#include <set>

#include "cluster/agglomerate.hpp"
#include "cluster/checks.hpp"
#include "facenet/clusterer.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

// The last merge of average linkage within one cluster, as a suggestion of its two parts; distance 0 where what was
// said leaves nothing to split.
Suggestion split_of(const Embeddings& items, const Links& links, Watch& watch) {
  const auto merges = merge_average(items, links, std::numeric_limits<float>::infinity(), watch);
  if (merges.empty()) return {};
  DisjointSets parts(items.size());
  for (const auto& [bundle, item] : links.same) parts.join(bundle, item);
  for (std::size_t i = 0; i + 1 < merges.size(); ++i) parts.join(merges[i].a, merges[i].b);
  const std::int32_t first = parts.root(0);
  const auto medoid = [&](bool of_first) {
    std::vector<float> mean(items.dimension);
    float count = 0;
    const auto belongs = [&](std::size_t i) { return (parts.root(static_cast<std::int32_t>(i)) == first) == of_first; };
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!belongs(i)) continue;
      ++count;
      for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += (items[i][k] - mean[k]) / count;
    }
    std::int32_t best = -1;
    float least = std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float distance = belongs(i) ? squared_distance(items[i], mean) : least;
      if (distance >= least) continue;
      least = distance;
      best = static_cast<std::int32_t>(i);
    }
    return best;
  };
  return {.merge = false, .a = medoid(true), .b = medoid(false), .distance = merges.back().distance};
}

// Items of one cluster are the same; clusters that hold items said to be different stay apart.
Links links_of(const Clustering& clustering, const std::vector<std::vector<std::int32_t>>& members,
               const Constraints& constraints) {
  Links links;
  for (std::size_t i = 0; i < clustering.labels.size(); ++i) {
    if (clustering.labels[i] < 0) continue;
    const std::int32_t first = members[static_cast<std::size_t>(clustering.labels[i])][0];
    if (first != static_cast<std::int32_t>(i)) links.same.emplace_back(first, static_cast<std::int32_t>(i));
  }
  for (const auto& [a, b] : constraints.different) {
    const std::int32_t of_a = clustering.labels[static_cast<std::size_t>(a)];
    const std::int32_t of_b = clustering.labels[static_cast<std::size_t>(b)];
    if (of_a < 0 || of_b < 0 || of_a == of_b) continue;
    links.different.emplace_back(members[static_cast<std::size_t>(of_a)][0],
                                 members[static_cast<std::size_t>(of_b)][0]);
  }
  return links;
}

}  // namespace

std::vector<Suggestion> Clusterer::suggest(const Embeddings& embeddings, const Clustering& clustering,
                                           const Constraints& constraints, std::size_t most,
                                           const ClusterProgress& progress, const std::stop_token& stop) const {
  if (!parameters_.threshold) throw InvalidArgument("Clusterer::suggest needs a threshold");
  require_faces(embeddings, "Clusterer::suggest");
  require_clustering(clustering, embeddings.size(), "Clusterer::suggest");
  const Links said = checked_links(constraints, embeddings.size());
  const float threshold = *parameters_.threshold;
  Watch watch(progress, stop);
  watch.at(0);
  std::vector<std::vector<std::int32_t>> members(clustering.sizes.size());
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    if (clustering.labels[i] < 0) continue;
    members.at(static_cast<std::size_t>(clustering.labels[i])).push_back(static_cast<std::int32_t>(i));
  }
  std::vector<Suggestion> suggestions;
  Groups groups(embeddings, links_of(clustering, members, constraints), true);
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    if (clustering.labels[i] < 0) groups.remove(static_cast<std::int32_t>(i));
  }
  const std::vector<NearestGroup> nearest = groups.nearest_of_all();
  std::set<ItemPair> seen;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const NearestGroup& other = nearest[static_cast<std::size_t>(members[c][0])];
    if (other.group < 0) continue;
    const auto o = static_cast<std::size_t>(clustering.labels[static_cast<std::size_t>(other.group)]);
    const ItemPair pair{clustering.medoids[std::min(c, o)], clustering.medoids[std::max(c, o)]};
    if (!seen.insert(pair).second) continue;
    suggestions.push_back({true, pair.first, pair.second, other.distance, threshold - other.distance});
  }
  std::vector<std::int32_t> bundle(embeddings.size());
  for (std::size_t i = 0; i < bundle.size(); ++i) bundle[i] = static_cast<std::int32_t>(i);
  for (const auto& [first, item] : said.same) bundle[static_cast<std::size_t>(item)] = first;
  for (std::size_t c = 0; c < members.size(); ++c) {
    watch.at(0.5 + 0.5 * static_cast<double>(c) / static_cast<double>(members.size()));
    if (members[c].size() < 2) continue;
    Embeddings own{embeddings.dimension, {}};
    Constraints together;
    std::vector<std::int32_t> bundles;
    for (const std::int32_t item : members[c]) {
      own.append(embeddings[static_cast<std::size_t>(item)]);
      bundles.push_back(bundle[static_cast<std::size_t>(item)]);
    }
    together.keep_together(bundles);
    const ClusterProgress silent;
    Watch unwatched(silent, stop);
    Suggestion split = split_of(own, checked_links(together, own.size()), unwatched);
    if (split.distance <= 0) continue;
    split.a = members[c][static_cast<std::size_t>(split.a)];
    split.b = members[c][static_cast<std::size_t>(split.b)];
    split.confidence = split.distance - threshold;
    suggestions.push_back(split);
  }
  std::stable_sort(suggestions.begin(), suggestions.end(),
                   [](const Suggestion& a, const Suggestion& b) { return a.confidence > b.confidence; });
  if (suggestions.size() > most) suggestions.resize(most);
  watch.at(1);
  return suggestions;
}

}  // namespace facenet
