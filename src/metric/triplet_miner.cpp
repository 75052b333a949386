// Mining strategies: for each anchor, one walk along its row of distances for each of its positives.
#include "facenet/train/triplet_miner.hpp"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr std::array<std::pair<std::string_view, Mining>, 4> kNames{
    {{"semi-hard", Mining::semi_hard}, {"hardest", Mining::hardest}, {"all", Mining::all}, {"random", Mining::random}}};

// One anchor's row: the distances, and the rows that are its negatives.
struct Row {
  const float* distances;
  const std::vector<std::int32_t>& negatives;
};

// The choice-th of the negatives that `accept` takes; -1 when there are none.
template <typename Accept>
std::int32_t pick(const Row& row, std::uint64_t random, Accept&& accept) {
  std::uint64_t candidates = 0;
  for (const std::int32_t j : row.negatives) candidates += accept(row.distances[j]) ? 1 : 0;
  if (candidates == 0) return -1;
  std::uint64_t left = scaled(random, candidates);
  for (const std::int32_t j : row.negatives) {
    if (accept(row.distances[j]) && left-- == 0) return j;
  }
  return -1;
}

std::int32_t nearest(const Row& row) {
  std::int32_t best = -1;
  for (const std::int32_t j : row.negatives) {
    if (best < 0 || row.distances[j] < row.distances[best]) best = j;
  }
  return best;
}

std::int32_t semi_hard(const Row& row, float positive, float alpha, std::uint64_t random) {
  const std::int32_t within =
      pick(row, random, [&](float negative) { return negative > positive && negative < positive + alpha; });
  if (within >= 0) return within;
  std::int32_t best = -1;
  for (const std::int32_t j : row.negatives) {
    if (row.distances[j] <= positive && (best < 0 || row.distances[j] > row.distances[best])) best = j;
  }
  return best;
}

}  // namespace

Mining mining_from_name(std::string_view name) {
  for (const auto& [known, mining] : kNames) {
    if (known == name) return mining;
  }
  throw InvalidArgument("unknown mining strategy '" + std::string(name) + "': semi-hard, hardest, all or random");
}

std::string_view name_of(Mining mining) {
  for (const auto& [known, value] : kNames) {
    if (value == mining) return known;
  }
  throw InvalidArgument("not a mining strategy");
}

TripletMiner::TripletMiner(const Parameters& parameters) : parameters_(parameters) {
  if (!(parameters.alpha >= 0) || !std::isfinite(parameters.alpha)) {
    throw InvalidArgument("TripletMiner: alpha " + std::to_string(parameters.alpha) + " must be 0 or more");
  }
  name_of(parameters.strategy);
}

TripletSelection TripletMiner::mine(std::span<const float> distances, std::span<const std::int32_t> labels,
                                    std::uint64_t step) const {
  const std::size_t n = labels.size();
  if (distances.size() != n * n) {
    throw InvalidArgument("TripletMiner: " + std::to_string(distances.size()) + " distances for " + std::to_string(n) +
                          " labels; must be [n,n]");
  }
  TripletSelection selection;
  std::vector<std::vector<Triplet>> rows(n);
  std::vector<std::int64_t> pairs(n);
  parallel_for(static_cast<std::int64_t>(n), [&](std::int64_t a) {
    std::vector<std::int32_t> positives;
    std::vector<std::int32_t> negatives;
    const auto anchor = static_cast<std::size_t>(a);
    for (std::size_t j = 0; j < n; ++j) {
      if (labels[j] != labels[anchor]) {
        negatives.push_back(static_cast<std::int32_t>(j));
      } else if (j != anchor) {
        positives.push_back(static_cast<std::int32_t>(j));
      }
    }
    if (negatives.empty()) return;
    pairs[anchor] = static_cast<std::int64_t>(positives.size());
    if (parameters_.strategy == Mining::all) return;
    const Row row{distances.data() + anchor * n, negatives};
    const std::uint64_t anchor_seed = mix(mix(mix(parameters_.seed) ^ step) ^ static_cast<std::uint64_t>(a));
    for (const std::int32_t p : positives) {
      const std::uint64_t random = mix(anchor_seed ^ mix(static_cast<std::uint64_t>(p)));
      std::int32_t negative = -1;
      switch (parameters_.strategy) {
        case Mining::semi_hard:
          negative = semi_hard(row, row.distances[p], parameters_.alpha, random);
          break;
        case Mining::hardest:
          negative = nearest(row);
          break;
        case Mining::random:
          negative = pick(row, random, [](float) { return true; });
          break;
        case Mining::all:
          break;
      }
      if (negative >= 0) rows[anchor].push_back({static_cast<std::int32_t>(a), p, negative});
    }
  });
  for (std::size_t a = 0; a < n; ++a) {
    selection.pairs += pairs[a];
    selection.triplets.insert(selection.triplets.end(), rows[a].begin(), rows[a].end());
  }
  if (parameters_.strategy == Mining::all) selection.all_of.assign(labels.begin(), labels.end());
  return selection;
}

}  // namespace facenet
