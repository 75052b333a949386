// Neighbours, block by block: among all, or among those that share a part.
#include "cluster/neighbours.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "cluster/scan_panels.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kQueries = 48;   // of one block of the matrix product
constexpr std::int64_t kReported = 64;  // blocks between two reports

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

// Rows near each of up to kQueries queries: name(row) is the item that a row is; `selves` are the queries' own.
template <typename Name>
void search(const Panels& panels, const float* queries, const float* norms, std::int64_t count, std::size_t wanted,
            Nearest* const* nearest, const std::int32_t* selves, Name&& name) {
  std::vector<float> limit;
  for (std::int64_t i = 0; i < count; ++i) limit.push_back(nearest[i]->worst);
  scan_panels(panels, 0, queries, norms, count, limit,
              [&](std::int64_t query, std::int64_t row, float distance, float& worst) {
                const std::int32_t item = name(row);
                if (item == selves[query]) return;
                Nearest& own = *nearest[query];
                own.found.push_back({item, distance});
                if (own.found.size() < 2 * wanted) return;
                own.keep(wanted);
                worst = own.worst;
              });
}

// In order, without room to spare.
std::vector<Neighbour> finished(Nearest& nearest, std::size_t wanted) {
  nearest.keep(wanted);
  std::sort(nearest.found.begin(), nearest.found.end());
  std::vector<Neighbour> result = nearest.found;
  nearest = {};
  return result;
}

// The `count` nearest rows of `panels` for every item; `selves`: the rows are the items themselves.
Neighbours all_nearest(const Panels& panels, const Rows& items, std::span<const float> norms, bool selves,
                       std::int32_t count, float limit, Watch& watch, double from, double to) {
  const auto n = static_cast<std::int64_t>(items.size());
  Neighbours result(items.size());
  const std::int64_t blocks = (n + kQueries - 1) / kQueries;
  for (std::int64_t reported = 0; reported < blocks; reported += kReported) {
    watch.at(from + (to - from) * static_cast<double>(reported) / static_cast<double>(blocks));
    parallel_for(std::min(kReported, blocks - reported), [&](std::int64_t block) {
      const std::int64_t begin = (reported + block) * kQueries;
      const std::int64_t queries = std::min(kQueries, n - begin);
      std::array<Nearest, kQueries> nearest;
      std::array<Nearest*, kQueries> pointers{};
      std::array<std::int32_t, kQueries> own{};
      for (std::size_t i = 0; i < nearest.size(); ++i) {
        nearest[i].worst = limit;
        pointers[i] = &nearest[i];
        own[i] = selves ? static_cast<std::int32_t>(begin) + static_cast<std::int32_t>(i) : -1;
      }
      const Embeddings rows = items.block(static_cast<std::size_t>(begin), static_cast<std::size_t>(queries));
      search(panels, rows.values.data(), norms.data() + begin, queries, static_cast<std::size_t>(count),
             pointers.data(), own.data(), [](std::int64_t row) { return static_cast<std::int32_t>(row); });
      for (std::int64_t i = 0; i < queries; ++i) {
        result[static_cast<std::size_t>(begin + i)] =
            finished(nearest[static_cast<std::size_t>(i)], static_cast<std::size_t>(count));
      }
    });
  }
  return result;
}

// For each of `groups` its members, one after the other: `groups_of(i)` are those of item i.
struct Members {
  std::vector<std::size_t> begin;
  std::vector<std::int32_t> items;
  std::span<const std::int32_t> operator[](std::size_t group) const {
    return std::span(items).subspan(begin[group], begin[group + 1] - begin[group]);
  }
};
Members members_of(const Neighbours& nearest, std::size_t groups, std::size_t most) {
  Members members;
  members.begin.resize(groups + 1);
  const auto each = [&](auto&& visit) {
    for (std::size_t i = 0; i < nearest.size(); ++i) {
      for (std::size_t k = 0; k < std::min(most, nearest[i].size()); ++k) {
        visit(static_cast<std::size_t>(nearest[i][k].item), static_cast<std::int32_t>(i));
      }
    }
  };
  each([&](std::size_t group, std::int32_t) { ++members.begin[group + 1]; });
  std::partial_sum(members.begin.begin(), members.begin.end(), members.begin.begin());
  std::vector<std::size_t> at(members.begin.begin(), members.begin.end() - 1);
  members.items.resize(members.begin.back());
  each([&](std::size_t group, std::int32_t item) { members.items[at[group]++] = item; });
  return members;
}

}  // namespace

Neighbours nearest_neighbours(const Rows& items, std::int32_t count, float limit, Watch& watch, double share) {
  const auto n = static_cast<std::int64_t>(items.size());
  const Panels panels(items.block(0, items.size()).values, n, static_cast<std::int64_t>(items.dimension()));
  std::vector<float> norms;
  for (std::int64_t i = 0; i < n; ++i) norms.push_back(panels.bias(i));
  return all_nearest(panels, items, norms, true, count, limit, watch, 0, share);
}

Neighbours nearest_rows(const Panels& rows, const Embeddings& items, std::int32_t count, float limit, Watch& watch) {
  const std::vector<float> norms =
      squared_norms(items.values, static_cast<std::int64_t>(items.size()), rows.dimension());
  return all_nearest(rows, items, norms, false, count, limit, watch, 0, 0);
}

Neighbours likely_neighbours(const Rows& items, std::int32_t count, float limit, std::int32_t probes,
                             std::uint64_t seed, Watch& watch, double share) {
  const std::size_t n = items.size();
  if (n == 0) return {};
  const auto dimension = static_cast<std::int64_t>(items.dimension());
  const auto wanted = static_cast<std::size_t>(count);
  const std::vector<float> norms = items.norms();
  std::vector<std::int32_t> drawn(n);
  std::iota(drawn.begin(), drawn.end(), 0);
  Random random(seed);
  random.shuffle(std::span(drawn));
  drawn.resize(std::min(n, static_cast<std::size_t>(4 * std::sqrt(static_cast<double>(n)))));
  const Embeddings pivots = items.gather(drawn);
  Neighbours nearest_pivots =
      all_nearest(Panels(pivots.values, static_cast<std::int64_t>(drawn.size()), dimension), items, norms, false,
                  probes, std::numeric_limits<float>::infinity(), watch, 0, share / 2);
  const Members parts = members_of(nearest_pivots, drawn.size(), 1);
  const Members askers = members_of(nearest_pivots, drawn.size(), nearest_pivots[0].size());
  nearest_pivots = {};
  std::vector<Nearest> nearest(n);
  for (Nearest& one : nearest) one.worst = limit;
  for (std::size_t part = 0; part < drawn.size(); ++part) {
    watch.at(share * (0.5 + 0.5 * static_cast<double>(part) / static_cast<double>(drawn.size())));
    const auto members = parts[part];
    const auto asking = askers[part];
    const Panels panels(items.gather(members).values, static_cast<std::int64_t>(members.size()), dimension);
    parallel_for(static_cast<std::int64_t>((asking.size() + kQueries - 1) / kQueries), [&](std::int64_t block) {
      const auto own = asking.subspan(static_cast<std::size_t>(block * kQueries))
                           .first(std::min(static_cast<std::size_t>(kQueries),
                                           asking.size() - static_cast<std::size_t>(block * kQueries)));
      const Embeddings queries = items.gather(own);
      std::array<float, kQueries> own_norms{};
      std::array<Nearest*, kQueries> pointers{};
      for (std::size_t i = 0; i < own.size(); ++i) {
        own_norms[i] = norms[static_cast<std::size_t>(own[i])];
        pointers[i] = &nearest[static_cast<std::size_t>(own[i])];
      }
      search(panels, queries.values.data(), own_norms.data(), static_cast<std::int64_t>(own.size()), wanted,
             pointers.data(), own.data(), [&](std::int64_t row) { return members[static_cast<std::size_t>(row)]; });
    });
  }
  Neighbours result(n);
  parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t i) {
    result[static_cast<std::size_t>(i)] = finished(nearest[static_cast<std::size_t>(i)], wanted);
  });
  return result;
}

}  // namespace facenet
