// The plans of one graph.
#include "infer/plan_cache.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <span>
#include <vector>

#include <facenet/error.hpp>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "graph/passes/passes.hpp"

namespace facenet {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

std::span<std::byte> input_of(Context& context, DataType input) {
  return input == DataType::u8 ? std::as_writable_bytes(context.input())
                               : std::as_writable_bytes(context.float_input());
}

// For an input of so many bytes: its values reach far.
std::vector<std::byte> noise(std::size_t bytes, DataType input) {
  Random random(1);
  std::vector<std::byte> all(bytes);
  if (input == DataType::u8) {
    for (auto& value : all) value = static_cast<std::byte>(random.below(256));
    return all;
  }
  for (std::size_t at = 0; at < bytes; at += sizeof(float)) {
    const auto value = static_cast<float>(random.uniform(-1, 1));
    std::memcpy(all.data() + at, &value, sizeof value);
  }
  return all;
}

double seconds_of_run(Context& context, DataType input, std::span<const std::byte> values) {
  std::ranges::copy(values, input_of(context, input).begin());
  const auto before = std::chrono::steady_clock::now();
  const auto rows = context.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  return std::ranges::all_of(rows, [](float value) { return std::isfinite(value); }) ? seconds : kNever;
}

// The index of the fastest by the best of a few runs each, in turns, so that whatever else the machine does hits all;
// never of one whose results are not finite.
std::size_t fastest_of(std::deque<Context>& contexts, DataType input) {
  const auto values = noise(input_of(contexts.front(), input).size(), input);
  std::vector<double> best(contexts.size(), kNever);
  double total = 0;
  for (int round = 0; round < 6 && (round < 3 || total < 0.5); ++round) {
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      const double seconds = seconds_of_run(contexts[i], input, values);
      if (seconds < kNever) total += seconds;
      if (round > 0) best[i] = std::min(best[i], seconds);  // the first is for caches, pages, threads
    }
  }
  return static_cast<std::size_t>(std::ranges::min_element(best) - best.begin());
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
  kernels::require_native(precision);
  if (precision == Precision::f16) {
    return lean_.emplace(precision, passes::in_f16(lean(Precision::f32))).first->second;
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
  std::vector<Precision> candidates{Precision::f32};
  if (kernels::has_native_bf16()) candidates.push_back(Precision::bf16);
  if (kernels::has_native_f16()) candidates.push_back(Precision::f16);
  if (candidates.size() == 1) return Precision::f32;
  if (threads <= 0) threads = available_threads();
  const std::lock_guard lock(measuring_);
  const auto found = fastest_.find(threads);
  if (found != fastest_.end()) return found->second;
  batch = std::clamp<std::int64_t>(batch, 1, 8);  // the ratio of larger batches is the same, and they take long
  std::deque<Context> contexts;
  for (const auto candidate : candidates) contexts.emplace_back(get(batch, threads, candidate, Choice::fixed));
  return fastest_.emplace(threads, candidates[fastest_of(contexts, input_)]).first->second;
}

}  // namespace facenet
