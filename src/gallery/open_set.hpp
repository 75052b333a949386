// Thresholds for strangers.
#pragma once

#include <optional>
#include <vector>

#include "gallery/enrolled.hpp"

namespace facenet {

/// A probe's distance and how much it weighs.
struct WeighedDistance {
  float distance = 0;
  double weight = 1;
};

/// The largest threshold that accepts at most a share of the weight; of all, the largest distance. `sorted` by
/// distance.
float threshold_at_share(const std::vector<WeighedDistance>& sorted, double share);

/// As Gallery::calibrate says.
OpenSetCalibration calibrate_open_set(const Enrolled& enrolled, double fpir, const Embeddings& strangers,
                                      const std::string& data);

/// As Gallery::threshold says.
float open_set_threshold(const std::optional<OpenSetCalibration>& calibration, std::int64_t comparisons, double fpir);

}  // namespace facenet
