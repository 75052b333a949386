// The plans of one graph.
#include "infer/plan_cache.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <facenet/error.hpp>

#include "base/threads.hpp"
#include "graph/passes/passes.hpp"

namespace facenet {
namespace {

double seconds_of_run(Context& context) {
  const auto before = std::chrono::steady_clock::now();
  context.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

// The best of a few runs each, in turns, so that whatever else the machine does hits both.
bool first_is_faster(Context& first, Context& second) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  double best_first = kNever;
  double best_second = kNever;
  double total = 0;
  for (int round = 0; round < 6 && (round < 3 || total < 0.5); ++round) {
    const double a = seconds_of_run(first);
    const double b = seconds_of_run(second);
    total += a + b;
    if (round == 0) continue;  // caches, pages, threads
    best_first = std::min(best_first, a);
    best_second = std::min(best_second, b);
  }
  return best_first < best_second;
}

}  // namespace

const Graph& PlanCache::lean(Precision precision) const {
  const auto found = lean_.find(precision);
  if (found != lean_.end()) return found->second;
  if (!unfused_) unfused_ = passes::optimised(graph_);
  if (precision == Precision::f32) return lean_.emplace(precision, passes::fuse_tails(*unfused_)).first->second;
  if (precision == Precision::int8) {
    if (!ranges_) {
      throw InvalidArgument(
          "the model has not been prepared for int8: Model::with_int8 measures on a few faces how far its values "
          "reach");
    }
    return lean_.emplace(precision, passes::in_int8(*unfused_, *ranges_)).first->second;
  }
  if (!kernels::has_native_bf16()) {
    throw InvalidArgument("this processor does not compute with bf16 (" + kernels::instruction_set() +
                          "); use precision f32");
  }
  return lean_.emplace(precision, passes::in_bf16(lean(Precision::f32))).first->second;
}

std::shared_ptr<const Plan> PlanCache::get(std::int64_t batch, int threads, Precision precision, Choice choice) const {
  constexpr std::size_t kCapacity = 16;
  if (threads <= 0) threads = available_threads();
  precision = resolved(precision, batch, threads);
  const std::lock_guard lock(mutex_);  // while compiling too: who wants the same plan at the same time waits for it
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const Entry& entry) {
    return entry.precision == precision && entry.choice == choice && entry.plan->batch() == batch &&
           entry.plan->threads() == threads;
  });
  if (found != plans_.end()) {
    plans_.splice(plans_.begin(), plans_, found);
    return plans_.front().plan;
  }
  const Plan* sibling = nullptr;
  for (const auto& entry : plans_) {
    if (entry.precision == precision) sibling = entry.plan.get();
  }
  auto plan = Plan::compile(lean(precision),
                            {.batch = batch, .threads = threads, .optimise = false, .choice = choice, .input = input_},
                            sibling);
  plans_.push_front({precision, choice, std::move(plan)});
  if (plans_.size() > kCapacity) plans_.pop_back();
  return plans_.front().plan;
}

Precision PlanCache::resolved(Precision precision, std::int64_t batch, int threads) const {
  if (precision != Precision::automatic) return precision;
  if (!kernels::has_native_bf16()) return Precision::f32;
  if (threads <= 0) threads = available_threads();
  const std::lock_guard lock(measuring_);
  const auto found = fastest_.find(threads);
  if (found != fastest_.end()) return found->second;
  batch = std::clamp<std::int64_t>(batch, 1, 8);  // the ratio of larger batches is the same, and they take long
  Context bf16(get(batch, threads, Precision::bf16, Choice::fixed));
  Context f32(get(batch, threads, Precision::f32, Choice::fixed));
  const Precision fastest = first_is_faster(bf16, f32) ? Precision::bf16 : Precision::f32;
  return fastest_.emplace(threads, fastest).first->second;
}

}  // namespace facenet
