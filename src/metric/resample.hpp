// How far shares of pairs would move had the people been others: the bootstrap over people.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "metric/pair_distances.hpp"

namespace facenet {

/// What is asked: the shares of pairs that a threshold accepts.
struct AcceptedShares {
  float threshold = 0;          ///< within what is kept of the different pairs
  double different = 0;         ///< share of them that it accepts
  double same = 0;              ///< share of them that it accepts
  std::optional<double> far{};  ///< when given, each draw has its own threshold for the same pairs: that of this FAR
};

struct ShareIntervals {
  Interval different{};
  Interval same{};
};

/// 95 % intervals, one for each of `shares`, by rising threshold. The variance is that over 300 draws of as many people
/// with replacement, each pair weighing the product of how often its two came up; the interval is Wilson's (1927) for
/// as many independent pairs as have this variance. It so holds for few accepted pairs, where percentiles of
/// the draws do not.
std::vector<ShareIntervals> resampled_intervals(const PairDistances::Data& data,
                                                std::span<const AcceptedShares> shares);

/// Divides pairs into bins by their distance, and gives the same interval for the share of each that is the same
/// person, both kinds weighing the same together, and same pairs as in `Data::weights`. None for a bin that holds
/// different pairs which are not kept, or no pairs.
std::vector<std::optional<Interval>> same_share_intervals(const PairDistances::Data& data,
                                                          const std::function<std::size_t(float)>& bin_of,
                                                          std::size_t bins);

}  // namespace facenet
