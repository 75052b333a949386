// Mining strategies: for each anchor, one walk along its row of distances for each of its positives.
#include "facenet/train/triplet_miner.hpp"

#include <algorithm>
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

// The negatives of one anchor: their rows, and their distances side by side, which the compiler scans with vectors.
struct Negatives {
  std::vector<std::int32_t> rows;
  std::vector<float> distances;
};

// The row of one of the negatives whose distance lies between, drawn evenly; -1 when there are none.
std::int32_t pick_between(const Negatives& negatives, float low, float high, std::uint64_t random) {
  std::int32_t candidates = 0;
  for (const float distance : negatives.distances) candidates += distance > low && distance < high ? 1 : 0;
  if (candidates == 0) return -1;
  std::uint64_t left = scaled(random, static_cast<std::uint64_t>(candidates));
  for (std::size_t j = 0;; ++j) {
    const float distance = negatives.distances[j];
    if (distance > low && distance < high && left-- == 0) return negatives.rows[j];
  }
}

// The furthest of the negatives no further than `high`; -1 when there are none. The first row wins a tie.
std::int32_t furthest_within(const Negatives& negatives, float high) {
  float best = -1;
  for (const float distance : negatives.distances) best = std::max(best, distance <= high ? distance : -1.0F);
  if (best < 0) return -1;
  const auto at = std::find(negatives.distances.begin(), negatives.distances.end(), best);
  return negatives.rows[static_cast<std::size_t>(at - negatives.distances.begin())];
}

std::int32_t semi_hard(const Negatives& negatives, float positive, float alpha, std::uint64_t random) {
  const std::int32_t within = pick_between(negatives, positive, positive + alpha, random);
  return within >= 0 ? within : furthest_within(negatives, positive);
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
    Negatives negatives;
    const auto anchor = static_cast<std::size_t>(a);
    const float* const row = distances.data() + anchor * n;
    for (std::size_t j = 0; j < n; ++j) {
      if (labels[j] != labels[anchor]) {
        negatives.rows.push_back(static_cast<std::int32_t>(j));
        negatives.distances.push_back(row[j]);
      } else if (j != anchor) {
        positives.push_back(static_cast<std::int32_t>(j));
      }
    }
    if (negatives.rows.empty()) return;
    pairs[anchor] = static_cast<std::int64_t>(positives.size());
    if (parameters_.strategy == Mining::all) return;
    const auto nearest = std::min_element(negatives.distances.begin(), negatives.distances.end());
    const std::int32_t hardest = negatives.rows[static_cast<std::size_t>(nearest - negatives.distances.begin())];
    const std::uint64_t anchor_seed = mix(mix(mix(parameters_.seed) ^ step) ^ static_cast<std::uint64_t>(a));
    for (const std::int32_t p : positives) {
      const std::uint64_t random = mix(anchor_seed ^ mix(static_cast<std::uint64_t>(p)));
      std::int32_t negative = -1;
      switch (parameters_.strategy) {
        case Mining::semi_hard:
          negative = semi_hard(negatives, row[p], parameters_.alpha, random);
          break;
        case Mining::hardest:
          negative = hardest;
          break;
        case Mining::random:
          negative = negatives.rows[scaled(random, negatives.rows.size())];
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
