// NearestGroup-neighbour chains for average and complete linkage, a minimum spanning tree for single, and the closest
// pair at each step for centroid.
#include "cluster/agglomerate.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/threads.hpp"
#include "cluster/components.hpp"
#include "facenet/train/triplet_miner.hpp"

namespace facenet {
namespace {

constexpr std::size_t kLargestMatrix = 20'000;  // items: 1.6 GB
constexpr std::size_t kSmallPart = 2'000;       // items: one thread is enough
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Follows nearest neighbours until two groups are each other's nearest, and merges them (Murtagh 1983). Right for
// linkages in which a merge never comes nearer to a third group than its nearer half was. For the same reason a group
// whose nearest is beyond the limit will never merge within it, nor will those before it in the chain: they are
// removed.
template <typename Linkage>
std::vector<Merge> chain(Linkage& linkage, std::int32_t n, float limit, Watch& watch) {
  struct Link {
    std::int32_t group;
    float distance;  // to the link before
  };
  std::vector<Merge> merges;
  std::vector<Link> links;
  std::int32_t start = 0;
  while (linkage.left() > 1) {
    watch.at(1 - static_cast<double>(linkage.left()) / static_cast<double>(n));
    if (links.empty()) {
      while (!linkage.alive(start)) ++start;
      links.push_back({start, kInfinity});
    }
    const Link tip = links.back();
    NearestGroup nearest = linkage.nearest(tip.group);
    if (links.size() > 1 && nearest.distance >= tip.distance) {
      nearest = {links[links.size() - 2].group, tip.distance};
    }
    if (nearest.group < 0 || nearest.distance > limit) {
      for (const Link& link : links) linkage.remove(link.group);
      links.clear();
      continue;
    }
    // Rounding may make a merged group nearer to an older link than that link's own neighbour: go back to it.
    const auto older =
        std::find_if(links.begin(), links.end() - 1, [&](const Link& link) { return link.group == nearest.group; });
    if (older == links.end() - 1) {
      links.push_back({nearest.group, nearest.distance});
      continue;
    }
    links.erase(older, links.end());
    const std::int32_t into = std::min(tip.group, nearest.group);
    const std::int32_t from = std::max(tip.group, nearest.group);
    linkage.merge(into, from);
    merges.push_back({into, from, nearest.distance});
  }
  std::stable_sort(merges.begin(), merges.end(),
                   [](const Merge& a, const Merge& b) { return a.distance < b.distance; });
  return merges;
}

// Groups whose first neighbours were all found by one matrix product.
class AverageLinkage {
 public:
  AverageLinkage(const Embeddings& items, const Links& links, float limit, std::span<const Bulk> bulk)
      : groups_(items, links, true, bulk), first_(groups_.nearest_of_all()), merged_(first_.size()) {
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(first_.size()); ++i) {
      if (groups_.alive(i) && first_[static_cast<std::size_t>(i)].distance > limit) groups_.remove(i);
    }
  }
  std::int64_t left() const { return groups_.left(); }
  bool alive(std::int32_t group) const { return groups_.alive(group); }
  NearestGroup nearest(std::int32_t group) {
    const NearestGroup& first = first_[static_cast<std::size_t>(group)];
    const bool holds = !merged_[static_cast<std::size_t>(group)] && first.group >= 0 && groups_.alive(first.group) &&
                       !merged_[static_cast<std::size_t>(first.group)];
    return holds ? first : groups_.nearest(group);
  }
  void merge(std::int32_t into, std::int32_t from) {
    groups_.merge(into, from);
    merged_[static_cast<std::size_t>(into)] = true;
  }
  void remove(std::int32_t group) { groups_.remove(group); }

 private:
  Groups groups_;
  std::vector<NearestGroup> first_;
  std::vector<bool> merged_;
};

// The whole matrix of distances between groups; a merge keeps the larger of two, or the smaller: but infinity stays.
class MatrixLinkage {
 public:
  MatrixLinkage(const Embeddings& items, const Links& links, bool largest)
      : n_(items.size()),
        largest_(largest),
        distances_(pairwise_squared_distances(items.values, n_, items.dimension)),
        alive_(n_) {
    for (std::size_t i = 0; i < n_; ++i) alive_[i] = static_cast<std::int32_t>(i);
    gone_.resize(n_);
    for (const auto& [bundle, item] : links.same) merge(bundle, item);
    for (const auto& [a, b] : links.different) at(a, b) = at(b, a) = kInfinity;
  }
  std::int64_t left() const { return static_cast<std::int64_t>(alive_.size()); }
  bool alive(std::int32_t group) const { return !gone_[static_cast<std::size_t>(group)]; }
  NearestGroup nearest(std::int32_t group) const {
    NearestGroup best;
    const float* const row = distances_.data() + static_cast<std::size_t>(group) * n_;
    for (const std::int32_t other : alive_) {
      if (other != group) best.take(other, row[other]);
    }
    return best;
  }
  void merge(std::int32_t into, std::int32_t from) {
    remove(from);
    for (const std::int32_t other : alive_) {
      const auto [least, most] = std::minmax({at(into, other), at(from, other)});
      at(into, other) = at(other, into) = largest_ || most == kInfinity ? most : least;
    }
  }
  void remove(std::int32_t group) {
    gone_[static_cast<std::size_t>(group)] = true;
    alive_.erase(std::lower_bound(alive_.begin(), alive_.end(), group));
  }

 private:
  float& at(std::int32_t a, std::int32_t b) {
    return distances_[static_cast<std::size_t>(a) * n_ + static_cast<std::size_t>(b)];
  }

  std::size_t n_;
  bool largest_;
  std::vector<float> distances_;
  std::vector<std::int32_t> alive_;  // ascending
  std::vector<bool> gone_;
};

// What was said, for each component; who must stay apart from somebody of another does so anyway.
struct Parts {
  Parts(const std::vector<std::vector<std::int32_t>>& parts, const Links& all, std::size_t items)
      : links(parts.size()) {
    std::vector<std::size_t> part_of(items);
    std::vector<std::int32_t> place(items);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (std::size_t i = 0; i < parts[part].size(); ++i) {
        part_of[static_cast<std::size_t>(parts[part][i])] = part;
        place[static_cast<std::size_t>(parts[part][i])] = static_cast<std::int32_t>(i);
      }
    }
    const auto divide = [&](const std::vector<ItemPair>& pairs, std::vector<ItemPair> Links::*to) {
      for (const auto& [a, b] : pairs) {
        const auto first = static_cast<std::size_t>(a);
        const auto second = static_cast<std::size_t>(b);
        if (part_of[first] != part_of[second]) continue;
        (links[part_of[first]].*to).emplace_back(place[first], place[second]);
      }
    };
    divide(all.same, &Links::same);
    divide(all.different, &Links::different);
  }

  std::vector<Links> links;
};

// Within the limit, only groups merge that hold two items as near as that: each component by itself.
// `merge` (rows, links, limit, watch) gives the merges of one.
template <typename MergePart>
std::vector<Merge> merge_components(const Embeddings& items, const Links& links, float limit, Watch& watch,
                                    const MergePart& merge) {
  if (limit == kInfinity) return merge(items, links, limit, watch);
  constexpr double kShare = 0.5;
  const auto parts = components(items, links, limit, watch, kShare);
  const Parts divided(parts, links, items.size());
  std::vector<std::vector<Merge>> merges(parts.size());
  const auto merge_part = [&](std::size_t part, Watch& own) {
    Embeddings rows{items.dimension, {}};
    for (const std::int32_t item : parts[part]) rows.append(items[static_cast<std::size_t>(item)]);
    merges[part] = merge(rows, divided.links[part], limit, own);
    for (Merge& one : merges[part]) {
      one.a = parts[part][static_cast<std::size_t>(one.a)];
      one.b = parts[part][static_cast<std::size_t>(one.b)];
    }
  };
  // Large ones one after the other, each by all threads; small ones side by side.
  std::vector<std::size_t> small;
  std::size_t done = 0;
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (parts[part].size() < 2) continue;
    if (parts[part].size() < kSmallPart) {
      small.push_back(part);
      continue;
    }
    watch.at(kShare + (1 - kShare) * static_cast<double>(done) / static_cast<double>(items.size()));
    Watch own = watch.quiet();
    merge_part(part, own);
    done += parts[part].size();
  }
  parallel_for(static_cast<std::int64_t>(small.size()), [&](std::int64_t i) {
    Watch own = watch.quiet();
    merge_part(small[static_cast<std::size_t>(i)], own);
  });
  std::vector<Merge> all;
  for (const auto& one : merges) all.insert(all.end(), one.begin(), one.end());
  std::stable_sort(all.begin(), all.end(), [](const Merge& a, const Merge& b) { return a.distance < b.distance; });
  return all;
}

std::vector<Merge> merge_by_matrix(const Embeddings& items, const Links& links, bool largest, float limit,
                                   Watch& watch) {
  const auto merge = [&](const Embeddings& rows, const Links& own, float, Watch& part) {
    if (rows.size() > kLargestMatrix) {
      throw InvalidArgument(
          (largest ? "complete linkage" : "single linkage with faces said to be different") +
          std::string(" needs a matrix of ") + std::to_string(rows.size()) + " x " + std::to_string(rows.size()) +
          " distances" +
          (limit == kInfinity ? std::string() : ", as chains of neighbours within the threshold join so many") +
          "; at most " + std::to_string(kLargestMatrix) + " items: give a " +
          (limit == kInfinity ? "threshold instead of a number of clusters" : "lower threshold") +
          ", or take average linkage");
    }
    MatrixLinkage linkage(rows, own, largest);
    return chain(linkage, static_cast<std::int32_t>(rows.size()), limit, part);
  };
  return merge_components(items, links, limit, watch, merge);
}

}  // namespace

std::vector<Merge> merge_average(const Embeddings& items, const Links& links, float limit, Watch& watch) {
  return merge_components(items, links, limit, watch,
                          [](const Embeddings& rows, const Links& own, float most, Watch& part) {
                            return merge_bulk(rows, {}, own, most, part);
                          });
}

std::vector<Merge> merge_bulk(const Embeddings& means, std::span<const Bulk> bulk, const Links& links, float limit,
                              Watch& watch) {
  AverageLinkage linkage(means, links, limit, bulk);
  return chain(linkage, static_cast<std::int32_t>(means.size()), limit, watch);
}

std::vector<Merge> merge_complete(const Embeddings& items, const Links& links, float limit, Watch& watch) {
  return merge_by_matrix(items, links, true, limit, watch);
}

// Prim's minimum spanning tree: its edges, shortest first, are the merges of single linkage, but for those inside a
// bundle. Where some must stay apart, the tree is not enough: the next longer way around may be allowed.
std::vector<Merge> merge_single(const Embeddings& items, const Links& links, float limit, Watch& watch) {
  if (!links.different.empty()) return merge_by_matrix(items, links, false, limit, watch);
  const auto n = static_cast<std::int64_t>(items.size());
  Groups groups(items, {}, false);
  std::vector<NearestGroup> to_tree(items.size());
  std::vector<Merge> merges;
  std::int32_t newest = 0;
  for (std::int64_t step = 1; step < n; ++step) {
    watch.at(static_cast<double>(step) / static_cast<double>(n));
    NearestGroup next;
    groups.visit(newest, [&](std::int32_t other, float distance) {
      NearestGroup& nearest = to_tree[static_cast<std::size_t>(other)];
      nearest.take(newest, distance);
      next.take(other, nearest.distance);
    });
    groups.remove(newest);
    newest = next.group;
    if (next.distance <= limit)
      merges.push_back({to_tree[static_cast<std::size_t>(newest)].group, newest, next.distance});
  }
  std::stable_sort(merges.begin(), merges.end(),
                   [](const Merge& a, const Merge& b) { return a.distance < b.distance; });
  if (links.same.empty()) return merges;
  DisjointSets joined(items.size());
  for (const auto& [bundle, item] : links.same) joined.join(bundle, item);
  std::erase_if(merges, [&](const Merge& merge) { return !joined.join(merge.a, merge.b); });
  return merges;
}

// The closest pair at each step. Each group keeps its nearest; when that one merges and moves away, the old distance
// stays as a lower bound, and the search is made only when the bound is the least of all (Muellner 2011, "generic").
std::vector<Merge> merge_centroid(const Embeddings& items, const Links& links, float limit, Watch& watch) {
  const auto n = static_cast<std::int32_t>(items.size());
  Groups groups(items, links, false);
  std::vector<NearestGroup> nearest = groups.nearest_of_all();
  std::vector<bool> stale(items.size());
  std::vector<std::int32_t> alive;
  for (std::int32_t i = 0; i < n; ++i) {
    if (groups.alive(i)) alive.push_back(i);
  }
  std::vector<Merge> merges;
  while (alive.size() > 1) {
    watch.at(1 - static_cast<double>(alive.size()) / static_cast<double>(n));
    const std::int32_t least = *std::min_element(alive.begin(), alive.end(), [&](std::int32_t a, std::int32_t b) {
      return nearest[static_cast<std::size_t>(a)].distance < nearest[static_cast<std::size_t>(b)].distance;
    });
    const auto l = static_cast<std::size_t>(least);
    if (stale[l]) {
      nearest[l] = groups.nearest(least);
      stale[l] = false;
      continue;
    }
    const NearestGroup partner = nearest[l];
    if (partner.group < 0 || partner.distance > limit) break;
    const std::int32_t into = std::min(least, partner.group);
    const std::int32_t from = std::max(least, partner.group);
    groups.merge(into, from);
    alive.erase(std::lower_bound(alive.begin(), alive.end(), from));
    merges.push_back({into, from, partner.distance});
    NearestGroup own;
    groups.visit(into, [&](std::int32_t other, float distance) {
      own.take(other, distance);
      NearestGroup& kept = nearest[static_cast<std::size_t>(other)];
      if (distance <= kept.distance && distance < kInfinity) {
        kept = {into, distance};
        stale[static_cast<std::size_t>(other)] = false;
      } else if (kept.group == into || kept.group == from) {
        stale[static_cast<std::size_t>(other)] = true;
      }
    });
    nearest[static_cast<std::size_t>(into)] = own;
    stale[static_cast<std::size_t>(into)] = false;
  }
  return merges;
}

}  // namespace facenet
