// Thresholds chosen from distances of same and different pairs, each kind in ascending order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "facenet/evaluation.hpp"

namespace facenet {

struct SortedDistances {
  std::vector<float> same;
  std::vector<float> different;
};

/// InvalidArgument, beginning with `what`, unless every distance is finite and both kinds are there.
SortedDistances sort_distances(std::span<const ScoredPair> pairs, const char* what);

float just_below(float value);

/// How many of so many pairs may be accepted at a rate; a rate meant as k/n does not lose one to rounding.
std::int64_t allowed_accepts(double far, std::int64_t pairs);

/// How many of an ascending list are accepted: <= threshold.
std::int64_t accepted(std::span<const float> sorted, float threshold);

/// Whether `far` can be measured: at least one false accept is allowed.
bool far_supported(const SortedDistances& distances, double far);

/// The largest threshold that accepts at most that share of the different pairs.
float threshold_at_far(const SortedDistances& distances, double far);

/// The threshold that classifies most pairs rightly; of those that tie, the middle one. It lies halfway between
/// neighbouring distances.
float best_threshold(const SortedDistances& distances);

}  // namespace facenet
