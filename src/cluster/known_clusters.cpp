// Average linkage of new faces with the few clusters that are near enough to one of them to matter.
#include "facenet/known_clusters.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <string>

#include "cluster/agglomerate.hpp"
#include "cluster/checks.hpp"
#include "cluster/describe.hpp"
#include "cluster/faces_only.hpp"
#include "cluster/neighbours.hpp"

namespace facenet {
namespace {

constexpr float kGone = std::numeric_limits<float>::infinity();

// Clusters as rows, whose distance is the squared one to the mean, plus the spread where it is asked for: that is the
// mean squared distance to a cluster's items.
Panels panels_of(const KnownClusters::Data& data, bool spread) {
  const auto clusters = static_cast<std::int64_t>(data.sizes.size());
  const auto dimension = static_cast<std::int64_t>(data.means.dimension);
  const std::vector<float> norms = squared_norms(data.means.values, clusters, dimension);
  Panels panels(clusters, dimension);
  for (std::size_t c = 0; c < data.sizes.size(); ++c) {
    const float bias = spread ? norms[c] + data.spreads[c] : norms[c];
    panels.set(static_cast<std::int64_t>(c), data.means[c].data(), data.sizes[c] > 0 ? bias : kGone);
  }
  return panels;
}

// Who takes part: clusters that a face is near, in ascending order, then the faces.
struct Table {
  std::vector<std::int32_t> known{};  // numbers of the clusters
  Embeddings means{};
  std::vector<Bulk> bulk{};
  Links links{};
};

// What was said of new faces (items below `fresh`) and of known ones behind them, as said of new faces and of clusters:
// fresh + c is cluster c. InvalidArgument for what a cluster contradicts, as it is never divided.
Constraints of_clusters(const Constraints& said, std::size_t fresh, const KnownClusters::Data& data) {
  Constraints result;
  result.names = said.names;
  result.names.resize(fresh);
  for (std::size_t i = said.names.size(); i < fresh; ++i) result.names[i] = "new face " + std::to_string(i);
  result.names.resize(fresh + data.sizes.size());
  const auto name = [&](std::int32_t item) {
    const auto i = static_cast<std::size_t>(item);
    return i < said.names.size() ? said.names[i] : "known face " + std::to_string(i - fresh);
  };
  const auto known = [&](std::int32_t item) { return static_cast<std::size_t>(item) >= fresh; };
  const auto place = [&](std::int32_t item) {
    const auto i = static_cast<std::size_t>(item);
    if (item < 0 || i >= fresh + data.labels.size()) {
      throw InvalidArgument("constraints: there is no item " + std::to_string(item) + "; there are " +
                            std::to_string(fresh) + " new faces and " + std::to_string(data.labels.size()) + " known");
    }
    if (i < fresh) return item;
    const std::int32_t cluster = data.labels[i - fresh];
    if (cluster < 0) return Clustering::kNotAFace;
    const std::size_t at = fresh + static_cast<std::size_t>(cluster);
    if (result.names[at].empty()) result.names[at] = name(item);
    return static_cast<std::int32_t>(at);
  };
  for (const std::int32_t item : said.not_a_face) {
    const std::int32_t at = place(item);
    if (known(item) && at >= 0) {
      throw InvalidArgument("'" + name(item) +
                            "' is said to be no face, and is part of a known cluster, which is never " +
                            "divided: group all faces again");
    }
    if (!known(item)) result.not_a_face.push_back(at);
  }
  for (const auto& [a, b] : said.same) {
    const ItemPair at{place(a), place(b)};
    if (at.first < 0 || at.second < 0) {
      throw InvalidArgument("'" + name(at.first < 0 ? a : b) +
                            "' was said to be no face, and now to be the same person as '" +
                            name(at.first < 0 ? b : a) + "': group all faces again");
    }
    if (at.first != at.second) result.same.push_back(at);
  }
  for (const auto& [a, b] : said.different) {
    const ItemPair at{place(a), place(b)};
    if (at.first == at.second && at.first >= 0 && known(a)) {
      throw InvalidArgument("'" + name(a) + "' and '" + name(b) + "' are said to be different people, and are in one " +
                            "known cluster, which is never divided: group all faces again");
    }
    if (at.first >= 0 && at.second >= 0) result.different.push_back(at);
  }
  // What was said before holds too.
  Constraints all = result;
  const auto first = static_cast<std::int32_t>(fresh);
  for (const auto& [a, b] : data.different) all.different.emplace_back(first + a, first + b);
  checked_links(all, all.names.size());
  return result;
}

// A group's distance to a cluster is a mean of those of its parts: a cluster that is further than the threshold from
// each face is further from every group of them, unless somebody said something of it.
Table table_of(const KnownClusters::Data& data, const FacesOnly& only, const Constraints& said, std::size_t fresh,
               float threshold, Watch& watch) {
  Table table;
  table.means.dimension = fresh > 0 ? only.faces.dimension : data.means.dimension;
  std::vector<std::int32_t> place(data.sizes.size(), -1);
  if (!place.empty() && only.faces.size() > 0) {
    const auto all = static_cast<std::int32_t>(place.size());
    for (const auto& near : nearest_rows(panels_of(data, true), only.faces, all, threshold, watch)) {
      for (const Neighbour& one : near) place[static_cast<std::size_t>(one.item)] = 0;
    }
  }
  for (const auto* pairs : {&said.same, &said.different}) {
    for (const auto& [a, b] : *pairs) {
      for (const std::int32_t item : {a, b}) {
        const auto i = static_cast<std::size_t>(item);
        if (i >= fresh) place[i - fresh] = 0;
      }
    }
  }
  for (std::size_t c = 0; c < place.size(); ++c) {
    if (place[c] < 0) continue;
    place[c] = static_cast<std::int32_t>(table.known.size());
    table.known.push_back(static_cast<std::int32_t>(c));
    table.means.append(data.means[c]);
    table.bulk.push_back({data.sizes[c], static_cast<double>(data.spreads[c])});
  }
  table.means.values.insert(table.means.values.end(), only.faces.values.begin(), only.faces.values.end());
  table.bulk.resize(table.means.size());
  std::vector<std::int32_t> row(fresh, -1);
  for (std::size_t i = 0; i < only.item_of.size(); ++i) {
    row[only.item_of[i]] = static_cast<std::int32_t>(table.known.size() + i);
  }
  const auto at = [&](std::int32_t item) {
    const auto i = static_cast<std::size_t>(item);
    return i < fresh ? row[i] : place[i - fresh];
  };
  Constraints here;
  for (const auto& [a, b] : said.same) here.same.emplace_back(at(a), at(b));
  for (const auto& [a, b] : said.different) {
    if (at(a) >= 0 && at(b) >= 0) here.different.emplace_back(at(a), at(b));
  }
  for (const auto& [a, b] : data.different) {
    const ItemPair both{place[static_cast<std::size_t>(a)], place[static_cast<std::size_t>(b)]};
    if (both.first >= 0 && both.second >= 0) here.different.push_back(both);
  }
  table.links = checked_links(here, table.means.size());
  return table;
}

// The groups of the table become clusters: `root` [places] is the first place of each one's group. Gives each place's
// number: that of the lowest known cluster in its group, or the next one.
std::vector<std::int32_t> regroup(KnownClusters::Data& data, const Table& table,
                                  const std::vector<std::int32_t>& root) {
  const std::size_t d = table.means.dimension;
  std::vector<std::int32_t> number(root.size());
  std::vector<double> sums(root.size() * d);
  std::vector<std::int32_t> sizes(root.size());
  std::vector<double> spreads(root.size());
  data.means.dimension = d;
  for (std::size_t i = 0; i < root.size(); ++i) {
    const auto r = static_cast<std::size_t>(root[i]);
    sizes[r] += table.bulk[i].size;
    for (std::size_t k = 0; k < d; ++k) sums[r * d + k] += table.bulk[i].size * static_cast<double>(table.means[i][k]);
    if (i < table.known.size()) data.sizes[static_cast<std::size_t>(table.known[i])] = 0;
    number[i] = r < i                    ? number[r]
                : i < table.known.size() ? table.known[i]
                                         : static_cast<std::int32_t>(data.sizes.size());
    if (static_cast<std::size_t>(number[i]) < data.sizes.size()) continue;
    data.sizes.push_back(0);
    data.spreads.push_back(0);
    data.means.values.resize(data.means.values.size() + d);
  }
  for (std::size_t i = 0; i < root.size(); ++i) {
    const auto r = static_cast<std::size_t>(root[i]);
    const std::span<float> mean = data.means[static_cast<std::size_t>(number[i])];
    if (r == i) {
      for (std::size_t k = 0; k < d; ++k) mean[k] = static_cast<float>(sums[i * d + k] / sizes[i]);
    }
    spreads[r] +=
        table.bulk[i].size * (table.bulk[i].spread + static_cast<double>(squared_distance(table.means[i], mean)));
  }
  for (std::size_t i = 0; i < root.size(); ++i) {
    if (root[i] != static_cast<std::int32_t>(i)) continue;
    const auto c = static_cast<std::size_t>(number[i]);
    data.sizes[c] = sizes[i];
    data.spreads[c] = static_cast<float>(spreads[i] / sizes[i]);
  }
  return number;
}

// Those of faces, as Clustering has them.
std::vector<float> outliers(const KnownClusters::Data& data, const Embeddings& faces,
                            std::span<const std::int32_t> labels) {
  if (labels.empty()) return {};
  const ClusterProgress silent;
  Watch watch(silent, {});
  const Neighbours near = nearest_rows(panels_of(data, false), faces, 2, kGone, watch);
  std::vector<float> result;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const auto own = static_cast<std::size_t>(labels[i]);
    double other = std::numeric_limits<double>::infinity();
    for (const Neighbour& one : near[i]) {
      if (one.item != labels[i]) other = std::min(other, static_cast<double>(one.distance));
    }
    result.push_back(
        outlier_score(static_cast<double>(squared_distance(faces[i], data.means[own])), data.sizes[own], other));
  }
  return result;
}

KnownClusters::Data data_of(const Rows& items, const Clustering& clustering, const Constraints& constraints,
                            std::optional<float> threshold) {
  require_clustering(clustering, items.size(), "KnownClusters");
  checked_links(constraints, items.size());
  KnownClusters::Data data{means_of(items, clustering), {}, clustering.sizes, {}, threshold};
  std::vector<float> to_mean(items.size());
  items.each_block([&](std::size_t first, const Embeddings& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int32_t label = clustering.labels[first + i];
      if (label >= 0) to_mean[first + i] = squared_distance(rows[i], data.means[static_cast<std::size_t>(label)]);
    }
  });
  std::vector<double> spreads(clustering.sizes.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (clustering.labels[i] < 0) continue;
    const auto c = static_cast<std::size_t>(clustering.labels[i]);
    spreads[c] += static_cast<double>(to_mean[i]) / clustering.sizes[c];
  }
  data.spreads.assign(spreads.begin(), spreads.end());
  std::set<ItemPair> different;
  for (const auto& [a, b] : constraints.different) {
    const ItemPair of =
        std::minmax({clustering.labels[static_cast<std::size_t>(a)], clustering.labels[static_cast<std::size_t>(b)]});
    if (of.first >= 0 && of.first != of.second) different.insert(of);
  }
  data.different.assign(different.begin(), different.end());
  data.labels = clustering.labels;
  return data;
}

}  // namespace

KnownClusters::KnownClusters(const Embeddings& embeddings, const Clustering& clustering, const Constraints& constraints,
                             std::optional<float> threshold) {
  require_faces(embeddings, "KnownClusters");
  data_ = data_of(embeddings, clustering, constraints, threshold);
}

KnownClusters::KnownClusters(const CodedEmbeddings& coded, const Clustering& clustering, const Constraints& constraints,
                             std::optional<float> threshold)
    : data_(data_of(Rows(coded), clustering, constraints, threshold)) {}

void KnownClusters::name(std::span<const FaceName> faces) {
  const std::size_t without = data_.labels.size() - data_.names.size();
  if (faces.size() > without) {
    throw InvalidArgument("KnownClusters::name: " + std::to_string(faces.size()) + " names for " +
                          std::to_string(without) + " faces that have none");
  }
  data_.names.resize(data_.labels.size() - faces.size());
  data_.names.insert(data_.names.end(), faces.begin(), faces.end());
}

KnownClusters::Added KnownClusters::add(const Embeddings& fresh, float threshold, const Constraints& constraints,
                                        const std::stop_token& stop) {
  require_faces(fresh, "KnownClusters::add");
  if (!(threshold >= 0)) throw InvalidArgument("KnownClusters::add: the threshold must be 0 or more");
  if (fresh.size() > 0 && clusters() > 0 && fresh.dimension != dimension()) {
    throw InvalidArgument("KnownClusters::add: embeddings of " + std::to_string(fresh.dimension) +
                          " numbers, and the clusters are of " + std::to_string(dimension()));
  }
  const auto most = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  if (fresh.size() > most - std::accumulate(data_.sizes.begin(), data_.sizes.end(), std::size_t{0})) {
    throw InvalidArgument("KnownClusters::add: with these faces there are more than can be, " + std::to_string(most));
  }
  const Constraints said = of_clusters(constraints, fresh.size(), data_);
  const FacesOnly only(fresh, {.not_a_face = said.not_a_face});
  Added added{std::vector<std::int32_t>(fresh.size(), Clustering::kNotAFace), std::vector<float>(fresh.size(), 1), {}};
  if (only.faces.size() == 0 && said.same.empty() && said.different.empty()) {
    data_.labels.insert(data_.labels.end(), added.labels.begin(), added.labels.end());
    return added;
  }
  const ClusterProgress silent;
  Watch watch(silent, stop);
  const Table table = table_of(data_, only, said, fresh.size(), threshold, watch);
  DisjointSets joined(table.means.size());
  for (const auto& [bundle, item] : table.links.same) joined.join(bundle, item);
  for (const Merge& merge : merge_bulk(table.means, table.bulk, table.links, threshold, watch)) {
    joined.join(merge.a, merge.b);
  }
  std::vector<std::int32_t> root;
  for (std::size_t i = 0; i < table.means.size(); ++i) root.push_back(joined.root(static_cast<std::int32_t>(i)));

  const std::vector<std::int32_t> number = regroup(data_, table, root);  // nothing has changed until here
  std::vector<std::int32_t> now(data_.sizes.size());
  std::iota(now.begin(), now.end(), 0);
  for (std::size_t i = 0; i < table.known.size(); ++i) {
    if (number[i] == table.known[i]) continue;
    added.merged.emplace_back(table.known[i], number[i]);
    now[static_cast<std::size_t>(table.known[i])] = number[i];
  }
  std::set<ItemPair> different;
  for (const auto& [a, b] : data_.different) {
    different.insert(std::minmax({now[static_cast<std::size_t>(a)], now[static_cast<std::size_t>(b)]}));
  }
  for (const auto& [a, b] : table.links.different) {
    different.insert(std::minmax({number[static_cast<std::size_t>(a)], number[static_cast<std::size_t>(b)]}));
  }
  data_.different.assign(different.begin(), different.end());
  const std::span<const std::int32_t> labels = std::span(number).subspan(table.known.size());
  const std::vector<float> scores = outliers(data_, only.faces, labels);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    added.labels[only.item_of[row]] = labels[row];
    added.outlier[only.item_of[row]] = scores[row];
  }
  for (std::int32_t& label : data_.labels) {
    if (label >= 0 && !added.merged.empty()) label = now[static_cast<std::size_t>(label)];
  }
  data_.labels.insert(data_.labels.end(), added.labels.begin(), added.labels.end());
  return added;
}

}  // namespace facenet
