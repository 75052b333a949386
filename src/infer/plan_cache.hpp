// The plans of one graph, made when first asked for and shared by all who run it.
#pragma once

#include <list>
#include <mutex>
#include <optional>

#include "infer/plan.hpp"

namespace facenet {

/// Thread-safe.
class PlanCache {
 public:
  /// The graph's parameters must not change from now on.
  explicit PlanCache(const Graph& graph) : graph_(graph) {}

  /// The plan for this batch and number of threads (0: all available). Keeps the 16 used last; who runs a plan keeps it
  /// too.
  std::shared_ptr<const Plan> get(std::int64_t batch, int threads) const;

 private:
  const Graph graph_;
  mutable std::mutex mutex_;
  mutable std::optional<Graph> lean_;                     // after the passes
  mutable std::list<std::shared_ptr<const Plan>> plans_;  // most recent first
};

}  // namespace facenet
