// What a person said about items, checked and ready for the methods: who is joined from the start, who stays apart.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "facenet/constraints.hpp"

namespace facenet {

using ItemPair = std::pair<std::int32_t, std::int32_t>;

/// Sets that grow together (union-find); a set is named by its lowest item.
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t items) : parent_(items) { std::iota(parent_.begin(), parent_.end(), 0); }
  std::int32_t root(std::int32_t item) {
    while (parent_[static_cast<std::size_t>(item)] != item) {
      std::int32_t& up = parent_[static_cast<std::size_t>(item)];
      up = parent_[static_cast<std::size_t>(up)];
      item = up;
    }
    return item;
  }
  /// False where they were one already.
  bool join(std::int32_t a, std::int32_t b) {
    a = root(a);
    b = root(b);
    parent_[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    return a != b;
  }

 private:
  std::vector<std::int32_t> parent_;
};

/// A bundle is all items that are said to be one person; it is named by its lowest item.
struct Links {
  std::vector<ItemPair> same;       ///< (bundle, item) for each item of a bundle but the lowest, ascending by item
  std::vector<ItemPair> different;  ///< two bundles, the lower one first; ascending, no pair twice

  bool empty() const { return same.empty() && different.empty(); }
};

/// Without what concerns items that are no faces. InvalidArgument for an index that is not below `items`, and for what
/// contradicts itself: the message names the items and the chain between them.
Links checked_links(const Constraints& constraints, std::size_t items);

/// For each item the number of its bundle; bundles are numbered in the order of their lowest items.
std::vector<std::int32_t> bundle_numbers(const Links& links, std::size_t items);

/// Who must stay apart from whom, while groups merge.
class Apart {
 public:
  Apart() = default;
  explicit Apart(std::span<const ItemPair> pairs) {
    for (const auto& [a, b] : pairs) add(a, b);
  }

  bool empty() const { return of_.empty(); }
  void add(std::int32_t a, std::int32_t b) {
    of_[a].insert(b);
    of_[b].insert(a);
  }
  const std::set<std::int32_t>& of(std::int32_t group) const {
    static const std::set<std::int32_t> kNone;
    if (of_.empty()) return kNone;
    const auto found = of_.find(group);
    return found == of_.end() ? kNone : found->second;
  }
  /// `into` becomes both.
  void merge(std::int32_t into, std::int32_t from) {
    const auto found = of_.find(from);
    if (found == of_.end()) return;
    const std::set<std::int32_t> others = std::move(found->second);
    of_.erase(found);
    for (const std::int32_t other : others) {
      of_[other].erase(from);
      add(into, other);
    }
  }
  /// Each pair once, in no particular order.
  template <typename Visit>
  void each(Visit&& visit) const {
    for (const auto& [a, others] : of_) {
      for (const std::int32_t b : others) {
        if (a < b) visit(a, b);
      }
    }
  }

 private:
  std::unordered_map<std::int32_t, std::set<std::int32_t>> of_;
};

}  // namespace facenet
