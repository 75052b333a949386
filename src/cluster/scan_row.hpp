// Finding the few small numbers in a row of distances.
#pragma once

#include <algorithm>
#include <cstdint>

#include "metric/panels.hpp"

namespace facenet {

/// `row` holds the distances to rows [first, last) of some panels, `first` at the beginning of one. take(row, distance)
/// is called for those up to `worst`, which it may lower.
template <typename Take>
void scan_row(const float* row, std::int64_t first, std::int64_t last, const float& worst, Take&& take) {
  constexpr std::int64_t kWidth = Panels::kWidth;
  for (std::int64_t begin = first; begin < last; begin += kWidth) {
    const std::int64_t end = std::min(begin + kWidth, last);
    const float* const lanes = row + (begin - first);
    if (end - begin == kWidth) {  // hardly ever is one of them near: look at sixteen at once
      bool near = false;
      for (std::int64_t lane = 0; lane < kWidth; ++lane) near |= lanes[lane] <= worst;
      if (!near) continue;
    }
    for (std::int64_t j = begin; j < end; ++j) {
      if (lanes[j - begin] <= worst) take(j, lanes[j - begin]);
    }
  }
}

}  // namespace facenet
