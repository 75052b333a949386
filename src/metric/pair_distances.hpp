// Distances of pairs of known truth: some kept one by one, all counted.
#pragma once

#include <cstdint>
#include <vector>

#include "facenet/calibration.hpp"

namespace facenet {

/// A pair that is kept, with a number for each person. Of a same pair both are one; where people are not known, each
/// pair has a number of its own.
struct KnownPair {
  float distance = 0;
  std::int32_t a = 0;
  std::int32_t b = 0;
  bool operator<(const KnownPair& other) const {
    if (distance != other.distance) return distance < other.distance;
    return a != other.a ? a < other.a : b < other.b;
  }
};

/// So many pairs at about this distance.
struct CountedDistance {
  float distance = 0;
  double pairs = 0;
  double weight = 0;  ///< for probabilities; see person_weights
};

struct PairDistances::Data {
  std::vector<KnownPair> same;  // ascending
  std::vector<KnownPair> near;  // different pairs, the nearest, ascending
  std::int64_t different = 0;   // all of them
  std::int32_t people = 0;      // how many numbers there are
  bool people_known = false;
  /// Of each person, where `near` is not all: the different pairs are then those of all images.
  std::vector<std::int64_t> images{};
  std::vector<CountedDistance> same_counts;       // ascending
  std::vector<CountedDistance> different_counts;  // ascending, all of them
  std::vector<double> weights{};                  // of each person's same pairs

  bool complete() const { return images.empty(); }
  /// How many are accepted: exactly, as far as pairs are kept; else as the counts say.
  std::int64_t same_accepted(float threshold) const;
  std::int64_t different_accepted(float threshold) const;
  /// Whether the different pairs within it are all kept.
  bool covers(float threshold) const { return complete() || (!near.empty() && threshold < near.back().distance); }
};

/// What a pair of each person's weighs, so that photographs weigh the same: one is drawn, then another of that person.
/// Else one person of two hundred photographs would have as many pairs as twenty thousand people of two.
std::vector<double> person_weights(const std::vector<KnownPair>& same, std::int32_t people);

/// Distances ascending, each with its count and weight (that of `a`; 1 without weights): all of them, or in 65,536
/// steps where they are more.
std::vector<CountedDistance> count_distances(const std::vector<KnownPair>& sorted,
                                             const std::vector<double>& weights = {});

/// Counts in even steps from 0.
class DistanceHistogram {
 public:
  static constexpr std::size_t kBins = 65'536;
  explicit DistanceHistogram(float highest) : scale_(static_cast<float>(kBins) / highest), counts_(kBins) {}

  std::size_t bin(float distance) const {
    const float at = distance * scale_;
    return at > 0 ? at < static_cast<float>(kBins) ? static_cast<std::size_t>(at) : kBins - 1 : 0;
  }
  float middle(std::size_t bin) const { return (static_cast<float>(bin) + 0.5F) / scale_; }
  void add(float distance) { ++counts_[bin(distance)]; }
  void add(const DistanceHistogram& other) {
    for (std::size_t i = 0; i < kBins; ++i) counts_[i] += other.counts_[i];
  }
  const std::vector<std::int64_t>& counts() const { return counts_; }
  std::vector<CountedDistance> counted() const;

 private:
  float scale_;
  std::vector<std::int64_t> counts_;
};

}  // namespace facenet
