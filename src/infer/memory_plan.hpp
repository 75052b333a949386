// Memory plan: buffers whose lifetimes do not meet share the same bytes of one arena.
#pragma once

#include <cstddef>
#include <vector>

namespace facenet {

/// Bytes that are needed from step `first` to step `last`, both included.
struct Lifetime {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  ///< of each buffer, 64-byte aligned
  std::size_t bytes = 0;             ///< of the arena
};

/// Largest first, each at the lowest place that is free during its life (Pisarchyk and Lee 2020, greedy by size).
MemoryPlan plan_memory(const std::vector<Lifetime>& buffers);

}  // namespace facenet
