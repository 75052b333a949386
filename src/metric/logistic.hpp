// The probability of "same" as a logistic function of the distance.
#pragma once

#include "metric/pair_distances.hpp"

namespace facenet {

/// probability = 1 / (1 + exp(slope * distance + offset)).
struct LogisticLine {
  double slope = 0;
  double offset = 0;
};

/// Of largest likelihood when same and different pairs weigh the same together.
LogisticLine fit_logistic(const std::vector<CountedDistance>& same, const std::vector<CountedDistance>& different);

}  // namespace facenet
