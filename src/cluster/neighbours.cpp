// Exact neighbours, block by block.
#include "cluster/neighbours.hpp"

#include <algorithm>
#include <array>

#include "base/threads.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kQueries = 48;   // of one block of the matrix product
constexpr std::int64_t kPanels = 64;    // of one block: 1024 items
constexpr std::int64_t kReported = 64;  // blocks between two reports
constexpr std::int64_t kWidth = Panels::kWidth;

// The nearest so far: up to twice as many as wanted, so that sorting out is rare.
struct Nearest {
  std::vector<Neighbour> found{};
  float worst = 0;

  void keep(std::size_t count) {
    if (found.size() <= count) return;
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count) - 1, found.end());
    found.resize(count);
    worst = found.back().distance;
  }
};

// `row` holds the distances to items [first, last).
void take(const float* row, std::int64_t first, std::int64_t last, std::int64_t self, std::size_t count,
          Nearest& nearest) {
  for (std::int64_t begin = first; begin < last; begin += kWidth) {
    const std::int64_t end = std::min(begin + kWidth, last);
    const float* const lanes = row + (begin - first);
    if (end - begin == kWidth) {  // hardly ever is one of them near: look at sixteen at once
      bool near = false;
      for (std::int64_t lane = 0; lane < kWidth; ++lane) near |= lanes[lane] <= nearest.worst;
      if (!near) continue;
    }
    for (std::int64_t j = begin; j < end; ++j) {
      const float distance = lanes[j - begin];
      if (!(distance <= nearest.worst) || j == self) continue;
      nearest.found.push_back({static_cast<std::int32_t>(j), distance});
      if (nearest.found.size() >= 2 * count) nearest.keep(count);
    }
  }
}

}  // namespace

std::vector<std::vector<Neighbour>> nearest_neighbours(const Embeddings& items, std::int32_t count, float limit,
                                                       Watch& watch, double share) {
  const auto n = static_cast<std::int64_t>(items.size());
  const auto dimension = static_cast<std::int64_t>(items.dimension);
  const auto wanted = static_cast<std::size_t>(count);
  const Panels panels(items.values, n, dimension);
  const std::vector<float> norms = squared_norms(items.values, n, dimension);
  std::vector<std::vector<Neighbour>> result(items.size());
  const std::int64_t blocks = (n + kQueries - 1) / kQueries;
  for (std::int64_t reported = 0; reported < blocks; reported += kReported) {
    watch.at(share * static_cast<double>(reported) / static_cast<double>(blocks));
    parallel_for(std::min(kReported, blocks - reported), [&](std::int64_t block) {
      const std::int64_t begin = (reported + block) * kQueries;
      const std::int64_t queries = std::min(kQueries, n - begin);
      std::array<Nearest, kQueries> nearest;
      for (Nearest& one : nearest) one.worst = limit;
      constexpr std::int64_t kStride = kPanels * kWidth;
      std::vector<float> distances(static_cast<std::size_t>(queries * kStride));
      for (std::int64_t panel = 0; panel < panels.panels(); panel += kPanels) {
        panels.distances(items.values.data() + begin * dimension, norms.data() + begin, queries, panel,
                         std::min(panel + kPanels, panels.panels()), distances.data(), kStride);
        const std::int64_t first = panel * kWidth;
        for (std::int64_t i = 0; i < queries; ++i) {
          take(distances.data() + i * kStride, first, std::min(first + kStride, n), begin + i, wanted,
               nearest[static_cast<std::size_t>(i)]);
        }
      }
      for (std::int64_t i = 0; i < queries; ++i) {
        Nearest& one = nearest[static_cast<std::size_t>(i)];
        one.keep(wanted);
        std::sort(one.found.begin(), one.found.end());
        result[static_cast<std::size_t>(begin + i)] = one.found;  // a copy has no room to spare
      }
    });
  }
  return result;
}

}  // namespace facenet
