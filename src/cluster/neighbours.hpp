// The nearest other items of each item.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/rows.hpp"
#include "cluster/watch.hpp"
#include "facenet/embeddings.hpp"
#include "metric/panels.hpp"

namespace facenet {

struct Neighbour {
  std::int32_t item = 0;
  float distance = 0;
  bool operator<(const Neighbour& other) const {
    return distance != other.distance ? distance < other.distance : item < other.item;
  }
};

using Neighbours = std::vector<std::vector<Neighbour>>;  // [n], each nearest first; of equal ones, the lower item

/// For each item its `count` nearest others, no further than `limit`. Exact: a blocked matrix product of all with all,
/// of which only the neighbours are kept. Reports 0 to `share`.
Neighbours nearest_neighbours(const Rows& items, std::int32_t count, float limit, Watch& watch, double share);

/// For each item the `count` nearest of other rows, in panels with biases of any kind, no further than `limit`.
Neighbours nearest_rows(const Panels& rows, const Embeddings& items, std::int32_t count, float limit, Watch& watch);

/// Most of them, in time proportional to n to the power of 1.5: items are divided among 4 sqrt(n) of them, drawn from
/// `seed`, each to the nearest, and an item is compared with those that went to the `probes` nearest of its own.
Neighbours likely_neighbours(const Rows& items, std::int32_t count, float limit, std::int32_t probes,
                             std::uint64_t seed, Watch& watch, double share);

}  // namespace facenet
