// The plans of one graph.
#include "infer/plan_cache.hpp"

#include <algorithm>

#include "base/threads.hpp"
#include "graph/passes/passes.hpp"

namespace facenet {

std::shared_ptr<const Plan> PlanCache::get(std::int64_t batch, int threads) const {
  constexpr std::size_t kCapacity = 16;
  if (threads <= 0) threads = available_threads();
  const std::lock_guard lock(mutex_);  // while compiling too: who wants the same plan at the same time waits for it
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const auto& plan) {
    return plan->batch() == batch && plan->threads() == threads;
  });
  if (found != plans_.end()) {
    plans_.splice(plans_.begin(), plans_, found);
    return plans_.front();
  }
  if (!lean_) lean_ = passes::optimised(graph_);
  const Plan* sibling = plans_.empty() ? nullptr : plans_.front().get();
  plans_.push_front(Plan::compile(*lean_, {.batch = batch, .threads = threads, .optimise = false}, sibling));
  if (plans_.size() > kCapacity) plans_.pop_back();
  return plans_.front();
}

}  // namespace facenet
