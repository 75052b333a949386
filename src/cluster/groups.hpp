// Groups of embeddings that merge: each by its mean and spread, in panels for fast search.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "cluster/links.hpp"
#include "facenet/embeddings.hpp"
#include "metric/panels.hpp"

namespace facenet {

struct NearestGroup {
  std::int32_t group = -1;  ///< -1: no other group is left
  float distance = std::numeric_limits<float>::infinity();
  void take(std::int32_t other, float at) {
    if (at < distance) *this = {other, at};
  }
};

/// What a group holds that is not one item: how many, and how far they spread around their mean.
struct Bulk {
  std::int32_t size = 1;
  double spread = 0;
};

/// n groups of one item each, numbered as the items, or of as many as `bulk` [n] says; then bundles are merged. Merged
/// groups keep the number of one of the two. Groups that must stay apart are at infinity from each other. Else the
/// distance of two groups is |mean(a) - mean(b)|^2, plus their spreads when `spread` is asked for: with spread(a) the
/// mean squared distance of a's items to mean(a), that sum is the mean squared distance between the items of a and
/// those of b.
class Groups {
 public:
  Groups(const Embeddings& items, const Links& links, bool spread, std::span<const Bulk> bulk = {});

  std::int64_t left() const { return left_; }
  bool alive(std::int32_t group) const { return row_of_[static_cast<std::size_t>(group)] >= 0; }

  /// The nearest other group of each, by one matrix product. The lowest number wins a tie, here and below.
  std::vector<NearestGroup> nearest_of_all() const;
  NearestGroup nearest(std::int32_t group);
  /// Calls visit(other, distance) for every other group, those to stay apart from too, in ascending order of their
  /// numbers.
  template <typename Visit>
  void visit(std::int32_t group, Visit&& visit) {
    measure(group);
    for (std::size_t row = 0; row < group_of_.size(); ++row) {
      if (group_of_[row] >= 0 && group_of_[row] != group) visit(group_of_[row], distances_[row]);
    }
  }

  /// `into` becomes both; `from` is gone.
  void merge(std::int32_t into, std::int32_t from);
  void remove(std::int32_t group);

 private:
  void measure(std::int32_t group);                    // distances to every row, into distances_
  void combine(std::int32_t into, std::int32_t from);  // sizes, means and spreads
  void place(std::int32_t group);                      // into the panels
  void pack();

  std::int64_t dimension_;
  bool spread_;
  std::int64_t left_;
  std::vector<float> means_;            // [n,d], rounded from exact_
  std::vector<double> exact_;           // [n,d]
  std::vector<double> spreads_;         // [n]
  std::vector<std::int32_t> sizes_;     // [n]
  std::vector<std::int32_t> row_of_;    // of each group its row in the panels; -1: gone
  std::vector<std::int32_t> group_of_;  // of each row its group; -1: gone
  Apart apart_;
  Panels panels_;
  std::vector<float> distances_;
};

}  // namespace facenet
