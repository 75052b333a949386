// Shares with their intervals, and the area under ROC.
#pragma once

#include <cstdint>
#include <span>

#include "facenet/evaluation.hpp"
#include "metric/operating_points.hpp"

namespace facenet {

/// Wilson's 95 % interval (1927) of a share of so many independent things.
Rate wilson_rate(double share, double count);

/// A pair that counts, whether it was decided wrongly, and whose faces it is of.
struct JudgedPair {
  bool wrong = false;
  std::int32_t person_a = -1;
  std::int32_t person_b = -1;
};

/// The share of wrong ones. Pairs that share a person are no independent evidence: the variance is that over 300 draws
/// of as many people with replacement, a pair counting as often as its two people came up (of one person: as that one),
/// and the interval is Wilson's for as many independent pairs as have this variance. Where all pairs are alike, there
/// is none to be had, and people are counted in place of pairs. Where people are not known, pairs are independent.
Rate wrong_rate(std::span<const JudgedPair> pairs);

/// The probability that a same pair is nearer than a different one, ties half (Mann-Whitney).
double area_under_roc(const SortedDistances& sorted);

}  // namespace facenet
