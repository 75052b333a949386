// The few rows that are near to one of some queries.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "metric/panels.hpp"
#include "metric/scan.hpp"

namespace facenet {

/// Calls take(query, row, distance, worst) for each row of `panels`, from panel `first` on, that is within the query's
/// worst, which take may lower; rows come in ascending order. It begins as `limit`. Queries [count,d] with their norms.
template <typename Take>
void scan_panels(const Panels& panels, std::int64_t first, const float* queries, const float* norms, std::int64_t count,
                 const std::vector<float>& limit, Take&& take) {
  struct State {
    const Panels& panels;
    std::int64_t first;
    std::vector<float> worst;
    Take& take;

    static void found(void* self, std::int64_t query, std::int64_t panel, const float* distances) {
      auto& state = *static_cast<State*>(self);
      float& worst = state.worst[static_cast<std::size_t>(query)];
      const std::int64_t row = (state.first + panel) * kPanelRows;
      const std::int64_t rows = std::min(kPanelRows, state.panels.size() - row);
      for (std::int64_t i = 0; i < rows; ++i) {
        if (distances[i] <= worst) state.take(query, row + i, distances[i], worst);
      }
    }
  };
  const auto padded = static_cast<std::size_t>(padded_queries(count));
  State state{panels, first, limit, take};
  state.worst.resize(padded, -1.0F);
  std::vector<float> own(norms, norms + count);
  own.resize(padded);
  std::vector<float> packed(padded * static_cast<std::size_t>(panels.dimension()));
  pack_queries(queries, count, panels.dimension(), packed.data());
  scan({.queries = packed.data(),
        .count = count,
        .own = own.data(),
        .worst = state.worst.data(),
        .dimension = panels.dimension(),
        .rows = panels.data() + first * kPanelRows * panels.dimension(),
        .biases = panels.biases() + first * kPanelRows,
        .panel_count = panels.panels() - first,
        .state = &state,
        .found = State::found});
}

}  // namespace facenet
