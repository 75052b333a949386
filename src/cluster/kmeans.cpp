// Lloyd's k-means from greedy k-means++ starts (Arthur and Vassilvitskii 2007), of bundles that move as one and may
// have to stay apart (Wagstaff et al. 2001, "constrained k-means").
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "cluster/agglomerate.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kBlock = 48;

class Means {
 public:
  // `items` count as many times as their `weights` say.
  Means(const Embeddings& items, std::vector<double> weights, Apart apart, std::int32_t clusters)
      : items_(items),
        weights_(std::move(weights)),
        apart_(std::move(apart)),
        n_(static_cast<std::int64_t>(items.size())),
        dimension_(static_cast<std::int64_t>(items.dimension)),
        norms_(squared_norms(items.values, n_, dimension_)),
        means_(static_cast<std::size_t>(clusters) * items.dimension),
        labels_(items.size(), -1),
        distances_(items.size()) {}

  // Each next mean is an item drawn with a chance that grows with its squared distance to the means so far: of several
  // so drawn, the one that leaves the items nearest to a mean.
  void start(std::int32_t clusters, Random& random, Watch& watch) {
    const int draws = 2 + static_cast<int>(std::log(static_cast<double>(clusters)));
    const Panels panels(items_.values, n_, dimension_);
    std::vector<float> least(items_.size(), std::numeric_limits<float>::infinity());
    std::vector<float> row(static_cast<std::size_t>(panels.panels() * Panels::kWidth));
    std::vector<float> nearer;
    std::vector<float> nearest;
    double total = 0;
    for (std::int32_t cluster = 0; cluster < clusters; ++cluster) {
      watch.at(0.2 * cluster / clusters);
      std::int64_t chosen = -1;
      double lowest = 0;
      for (int draw = 0; draw < (cluster == 0 ? 1 : draws); ++draw) {
        const std::int64_t item =
            cluster == 0 ? static_cast<std::int64_t>(random.below(items_.size())) : drawn(least, total, random);
        measure(panels, item, row);
        nearer = least;
        double sum = 0;
        for (std::size_t i = 0; i < nearer.size(); ++i) {
          nearer[i] = std::min(nearer[i], row[i]);
          sum += weights_[i] * static_cast<double>(nearer[i]);
        }
        if (chosen >= 0 && sum >= lowest) continue;
        chosen = item;
        lowest = sum;
        std::swap(nearest, nearer);
      }
      std::swap(least, nearest);
      least[static_cast<std::size_t>(chosen)] = 0;
      total = lowest;
      std::copy_n(items_.values.data() + chosen * dimension_, dimension_, means_.data() + cluster * dimension_);
    }
  }

  // Each item to its nearest mean that is allowed; true when any moved.
  bool assign() {
    const std::vector<std::int32_t> former = apart_.empty() ? std::vector<std::int32_t>() : labels_;
    const bool moved = assign_freely();
    if (apart_.empty()) return moved;
    keep_apart();
    return labels_ != former;
  }

  // A cluster without any item takes the one furthest from its own mean.
  void fill() {
    std::vector<std::int64_t> sizes = count();
    for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
      if (sizes[cluster] > 0) continue;
      std::size_t furthest = items_.size();
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (sizes[static_cast<std::size_t>(labels_[i])] < 2) continue;
        if (furthest == items_.size() || distances_[i] > distances_[furthest]) furthest = i;
      }
      --sizes[static_cast<std::size_t>(labels_[furthest])];
      labels_[furthest] = static_cast<std::int32_t>(cluster);
      distances_[furthest] = 0;
      sizes[cluster] = 1;
    }
  }

  void update() {
    std::vector<double> sums(means_.size());
    std::vector<double> weights(means_.size() / items_.dimension);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto cluster = static_cast<std::size_t>(labels_[i]);
      weights[cluster] += weights_[i];
      for (std::size_t k = 0; k < items_.dimension; ++k) {
        sums[cluster * items_.dimension + k] += weights_[i] * static_cast<double>(items_[i][k]);
      }
    }
    for (std::size_t i = 0; i < means_.size(); ++i) {
      means_[i] = static_cast<float>(sums[i] / weights[i / items_.dimension]);
    }
  }

  std::vector<std::int32_t> take_labels() { return std::move(labels_); }

 private:
  std::int64_t drawn(const std::vector<float>& least, double total, Random& random) const {
    double left = random.uniform() * total;
    for (std::size_t i = 0; i < least.size(); ++i) {
      left -= weights_[i] * static_cast<double>(least[i]);
      if (left < 0) return static_cast<std::int64_t>(i);
    }
    return std::max_element(least.begin(), least.end()) - least.begin();  // where rounding leaves a remainder
  }

  void measure(const Panels& panels, std::int64_t item, std::vector<float>& row) const {
    constexpr std::int64_t kPart = 64;
    const std::int64_t parts = (panels.panels() + kPart - 1) / kPart;
    const auto part = [&](std::int64_t p) {
      panels.distances(items_.values.data() + item * dimension_, &norms_[static_cast<std::size_t>(item)], 1, p * kPart,
                       std::min((p + 1) * kPart, panels.panels()), row.data() + p * kPart * Panels::kWidth, 0);
    };
    if (parts < 3) {  // not worth waking other threads
      for (std::int64_t p = 0; p < parts; ++p) part(p);
    } else {
      parallel_for(parts, part);
    }
  }

  bool assign_freely() {
    const Panels panels(means_, static_cast<std::int64_t>(means_.size()) / dimension_, dimension_);
    const std::int64_t stride = panels.panels() * Panels::kWidth;
    std::vector<char> moved(static_cast<std::size_t>((n_ + kBlock - 1) / kBlock));
    parallel_for(static_cast<std::int64_t>(moved.size()), [&](std::int64_t block) {
      const std::int64_t begin = block * kBlock;
      const std::int64_t count = std::min(kBlock, n_ - begin);
      std::vector<float> out(static_cast<std::size_t>(count * stride));
      panels.distances(items_.values.data() + begin * dimension_, norms_.data() + begin, count, 0, panels.panels(),
                       out.data(), stride);
      for (std::int64_t i = 0; i < count; ++i) {
        const float* const row = out.data() + i * stride;
        const auto item = static_cast<std::size_t>(begin + i);
        const auto nearest = static_cast<std::int32_t>(std::min_element(row, row + panels.size()) - row);
        if (labels_[item] != nearest) moved[static_cast<std::size_t>(block)] = 1;
        labels_[item] = nearest;
        distances_[item] = row[nearest];
      }
    });
    return std::find(moved.begin(), moved.end(), 1) != moved.end();
  }

  // Gives a place to all who must stay apart from somebody, hardest first: whose neighbours take up most clusters (as
  // Brelaz 1979 colours graphs). A new cluster where there is no room.
  void keep_apart() {
    const auto size = [&] { return static_cast<std::int64_t>(means_.size()) / dimension_; };
    const Panels panels(means_, size(), dimension_);
    std::vector<float> row(static_cast<std::size_t>(panels.panels() * Panels::kWidth));
    std::map<std::int32_t, std::set<std::int32_t>> taken;  // of each who has no place yet: by whom it must not be with
    std::set<std::tuple<std::int64_t, std::int64_t, std::int32_t>> hardest;
    const auto rank = [&](std::int32_t item) {
      return std::tuple(-static_cast<std::int64_t>(taken.at(item).size()),
                        -static_cast<std::int64_t>(apart_.of(item).size()), item);
    };
    apart_.each([&](std::int32_t a, std::int32_t b) {
      taken[a];
      taken[b];
    });
    for (const auto& [item, none] : taken) hardest.insert(rank(item));
    while (!hardest.empty()) {
      const std::int32_t item = std::get<2>(*hardest.begin());
      hardest.erase(hardest.begin());
      const auto i = static_cast<std::size_t>(item);
      const std::set<std::int32_t> closed = std::move(taken.at(item));
      taken.erase(item);
      panels.distances(items_.values.data() + item * dimension_, &norms_[i], 1, 0, panels.panels(), row.data(), 0);
      labels_[i] = -1;
      for (std::int32_t cluster = 0; cluster < static_cast<std::int32_t>(size()); ++cluster) {
        const float distance = cluster < panels.size() ? row[static_cast<std::size_t>(cluster)]
                                                       : squared_distance(items_[i], mean(cluster));
        if (closed.contains(cluster) || (labels_[i] >= 0 && distance >= distances_[i])) continue;
        labels_[i] = cluster;
        distances_[i] = distance;
      }
      if (labels_[i] < 0) {
        labels_[i] = static_cast<std::int32_t>(size());
        distances_[i] = 0;
        means_.insert(means_.end(), items_[i].begin(), items_[i].end());
      }
      for (const std::int32_t other : apart_.of(item)) {
        if (!taken.contains(other)) continue;
        hardest.erase(rank(other));
        taken.at(other).insert(labels_[i]);
        hardest.insert(rank(other));
      }
    }
  }

  std::span<const float> mean(std::int32_t cluster) const {
    return {means_.data() + cluster * dimension_, static_cast<std::size_t>(dimension_)};
  }

  std::vector<std::int64_t> count() const {
    std::vector<std::int64_t> sizes(means_.size() / items_.dimension);
    for (const std::int32_t label : labels_) ++sizes[static_cast<std::size_t>(label)];
    return sizes;
  }

  const Embeddings& items_;
  std::vector<double> weights_;
  Apart apart_;
  std::int64_t n_;
  std::int64_t dimension_;
  std::vector<float> norms_;
  std::vector<float> means_;
  std::vector<std::int32_t> labels_;
  std::vector<float> distances_;  // of each item to its mean
};

}  // namespace

std::vector<std::int32_t> kmeans(const Embeddings& items, const Links& links, std::int32_t clusters, std::uint64_t seed,
                                 std::int32_t max_iterations, Watch& watch) {
  const std::vector<std::int32_t> bundles = bundle_numbers(links, items.size());
  Embeddings centres;  // of the bundles, where there are any
  std::vector<double> weights(items.size() - links.same.size());
  for (const std::int32_t bundle : bundles) ++weights[static_cast<std::size_t>(bundle)];
  if (!links.same.empty()) {
    std::vector<double> sums(weights.size() * items.dimension);
    for (std::size_t i = 0; i < items.values.size(); ++i) {
      sums[static_cast<std::size_t>(bundles[i / items.dimension]) * items.dimension + i % items.dimension] +=
          static_cast<double>(items.values[i]);
    }
    centres.dimension = items.dimension;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      centres.values.push_back(static_cast<float>(sums[i] / weights[i / items.dimension]));
    }
  }
  Apart apart;
  for (const auto& [a, b] : links.different) {
    apart.add(bundles[static_cast<std::size_t>(a)], bundles[static_cast<std::size_t>(b)]);
  }
  Random random(seed);
  Means means(links.same.empty() ? items : centres, std::move(weights), std::move(apart), clusters);
  means.start(clusters, random, watch);
  means.assign();
  means.fill();
  for (std::int32_t iteration = 0; iteration < max_iterations; ++iteration) {
    watch.at(0.2 + 0.8 * iteration / max_iterations);
    means.update();
    const bool moved = means.assign();
    means.fill();
    if (!moved) break;
  }
  const std::vector<std::int32_t> found = means.take_labels();
  std::vector<std::int32_t> labels;
  for (const std::int32_t bundle : bundles) labels.push_back(found[static_cast<std::size_t>(bundle)]);
  return labels;
}

}  // namespace facenet
