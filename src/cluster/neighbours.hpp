// The nearest other items of each item.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/watch.hpp"
#include "facenet/embeddings.hpp"

namespace facenet {

struct Neighbour {
  std::int32_t item = 0;
  float distance = 0;
  bool operator<(const Neighbour& other) const {
    return distance != other.distance ? distance < other.distance : item < other.item;
  }
};

/// For each item its `count` nearest others, no further than `limit`, nearest first (of equal ones, the lower item).
/// Exact: a blocked matrix product of all with all, of which only the neighbours are kept. Reports 0 to `share`.
std::vector<std::vector<Neighbour>> nearest_neighbours(const Embeddings& items, std::int32_t count, float limit,
                                                       Watch& watch, double share);

}  // namespace facenet
