// The plans of one graph, made when first asked for and shared by all who run it.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <facenet/precision.hpp>

#include "graph/passes/passes.hpp"
#include "infer/plan.hpp"

namespace facenet {

/// Thread-safe.
class PlanCache {
 public:
  /// The graph's parameters must not change from now on.
  explicit PlanCache(const Graph& graph, std::optional<passes::Int8Ranges> ranges = std::nullopt,
                     DataType input = DataType::u8)
      : graph_(graph), ranges_(std::move(ranges)), input_(input) {}

  /// The plan for this batch, number of threads (0: all available) and precision; `choice`: see PlanOptions. Keeps
  /// the 16 used last; who runs a plan keeps it too. InvalidArgument when this processor does not compute with the
  /// precision, and for int8 without ranges.
  std::shared_ptr<const Plan> get(std::int64_t batch, int threads, Precision precision = Precision::f32,
                                  Choice choice = Choice::plain) const;
  /// The precision itself, but for automatic: the fastest of f32 and, where the hardware has them, bf16 and f16 if its
  /// results are finite; measured the first time it is asked for with this number of threads, and the same from then
  /// on.
  Precision resolved(Precision precision, std::int64_t batch, int threads) const;

 private:
  struct Entry {
    Precision precision;
    Choice choice;
    std::shared_ptr<const Plan> plan;
  };
  const Graph& lean(Precision precision) const;

  const Graph graph_;
  const std::optional<passes::Int8Ranges> ranges_;
  const DataType input_;
  mutable std::mutex mutex_;
  mutable std::map<Precision, Graph> lean_;  // after the passes
  mutable std::optional<Graph> unfused_;     // what int8 begins with
  mutable std::list<Entry> plans_;           // most recent first
  mutable std::mutex measuring_;
  mutable std::map<int, Precision> fastest_;  // by number of threads
};

}  // namespace facenet
