// Mining strategies: for each anchor, one walk along its row of distances for each of its positives.
#include "facenet/train/triplet_miner.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "base/simd.hpp"
#include "base/threads.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr std::array<std::pair<std::string_view, Mining>, 4> kNames{
    {{"semi-hard", Mining::semi_hard}, {"hardest", Mining::hardest}, {"all", Mining::all}, {"random", Mining::random}}};

// The negatives of one anchor: their rows, and their distances side by side, which are scanned with vectors. The last
// group is filled up with distances that no bound reaches.
struct Negatives {
  std::vector<std::int32_t> rows;
  std::vector<float> distances;
};

constexpr std::size_t kGroup = 64;  // distances whose candidates are counted together

// How many of each group of distances lie between.
FACENET_SIMD void count_between(const float* distances, std::size_t groups, float low, float high,
                                std::int32_t* counts) {
  for (std::size_t group = 0; group < groups; ++group) {
    std::int32_t count = 0;
    for (std::size_t j = group * kGroup; j < (group + 1) * kGroup; ++j) {
      count += static_cast<std::int32_t>(distances[j] > low) & static_cast<std::int32_t>(distances[j] < high);
    }
    counts[group] = count;
  }
}

// The largest distance up to `high`, -1 when there is none.
FACENET_SIMD float largest_within(const float* distances, std::size_t count, float high) {
  float best[kGroup];  // maxima side by side: one alone would have to be taken in order
  for (float& value : best) value = -1;
  for (std::size_t begin = 0; begin < count; begin += kGroup) {
    for (std::size_t k = 0; k < kGroup; ++k) {
      const float distance = distances[begin + k] <= high ? distances[begin + k] : -1.0F;
      best[k] = best[k] > distance ? best[k] : distance;
    }
  }
  float largest = -1;
  for (const float value : best) largest = largest > value ? largest : value;
  return largest;
}

// The row of one of the negatives whose distance lies between, drawn evenly; -1 when there are none.
std::int32_t pick_between(const Negatives& negatives, float low, float high, std::uint64_t random,
                          std::vector<std::int32_t>& counts) {
  counts.resize(negatives.distances.size() / kGroup);
  count_between(negatives.distances.data(), counts.size(), low, high, counts.data());
  std::int32_t candidates = 0;
  for (const std::int32_t count : counts) candidates += count;
  if (candidates == 0) return -1;
  auto left = static_cast<std::int32_t>(scaled(random, static_cast<std::uint64_t>(candidates)));
  std::size_t group = 0;
  for (; left >= counts[group]; ++group) left -= counts[group];
  for (std::size_t j = group * kGroup;; ++j) {
    const float distance = negatives.distances[j];
    if (distance > low && distance < high && left-- == 0) return negatives.rows[j];
  }
}

// The furthest of the negatives no further than `high`; -1 when there are none. The first row wins a tie.
std::int32_t furthest_within(const Negatives& negatives, float high) {
  const float best = largest_within(negatives.distances.data(), negatives.distances.size(), high);
  if (best < 0) return -1;
  const auto at = std::find(negatives.distances.begin(), negatives.distances.end(), best);
  return negatives.rows[static_cast<std::size_t>(at - negatives.distances.begin())];
}

std::int32_t semi_hard(const Negatives& negatives, float positive, float alpha, std::uint64_t random,
                       std::vector<std::int32_t>& counts) {
  const std::int32_t within = pick_between(negatives, positive, positive + alpha, random, counts);
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
    std::vector<std::int32_t> positives(n);
    std::vector<std::int32_t> counts;
    Negatives negatives{std::vector<std::int32_t>(n), std::vector<float>(n)};
    const auto anchor = static_cast<std::size_t>(a);
    const float* const row = distances.data() + anchor * n;
    // Without a branch: each row is put down in both lists, and the next one over it where it does not belong.
    std::size_t own = 0;
    std::size_t others = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const bool other = labels[j] != labels[anchor];
      negatives.rows[others] = positives[own] = static_cast<std::int32_t>(j);
      negatives.distances[others] = row[j];
      others += static_cast<std::size_t>(other);
      own += static_cast<std::size_t>(!other && j != anchor);
    }
    positives.resize(own);
    negatives.rows.resize(others);
    negatives.distances.resize(others);
    if (negatives.rows.empty()) return;
    pairs[anchor] = static_cast<std::int64_t>(positives.size());
    if (parameters_.strategy == Mining::all) return;
    std::int32_t hardest = 0;
    if (parameters_.strategy == Mining::hardest) {
      const auto nearest = std::min_element(negatives.distances.begin(), negatives.distances.end());
      hardest = negatives.rows[static_cast<std::size_t>(nearest - negatives.distances.begin())];
    }
    const std::uint64_t anchor_seed = mix(mix(mix(parameters_.seed) ^ step) ^ static_cast<std::uint64_t>(a));
    while (negatives.distances.size() % kGroup != 0) {
      negatives.distances.push_back(std::numeric_limits<float>::infinity());
    }
    rows[anchor].reserve(positives.size());
    for (const std::int32_t p : positives) {
      const std::uint64_t random = mix(anchor_seed ^ mix(static_cast<std::uint64_t>(p)));
      std::int32_t negative = -1;
      switch (parameters_.strategy) {
        case Mining::semi_hard:
          negative = semi_hard(negatives, row[p], parameters_.alpha, random, counts);
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
