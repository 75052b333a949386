// Context: a plan's kernels bound to memory, and run.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/threads.hpp"
#include "infer/plan.hpp"

namespace facenet {

Context::Context(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {
  for (int i = 0; i < plan_->workers_; ++i) workers_.push_back(worker());
  measured_ = plan_->output_;
  if (!plan_->steps_.empty()) {
    const auto& last = plan_->steps_.back();
    const bool normalises = last.operation == "l2_normalize" && last.dst == plan_->output_;
    if (normalises && plan_->spec(last.src[0]).type == DataType::f32) measured_ = last.src[0];
  }
  const auto batch = static_cast<std::size_t>(plan_->batch_);
  norms_.resize(batch);
  if (!in_parts()) return;
  images_ = aligned_bytes(plan_->image_bytes() * batch);
  results_.resize(static_cast<std::size_t>(plan_->embedding_size()) * batch);
}

Context::Worker Context::worker() const {
  Worker result{aligned_bytes(plan_->arena_bytes()), {}};
  const auto at = [&](int index) {
    return result.arena.get() + plan_->memory_.offsets[static_cast<std::size_t>(index)];
  };
  for (const auto& step : plan_->steps_) {
    std::vector<void*> arguments;
    for (const int source : step.src) arguments.push_back(at(source));
    for (const auto& constant : step.constants) arguments.push_back(constant.raw());
    arguments.push_back(at(step.dst));
    result.kernels.push_back(step.kernel->bind(arguments, step.scratch >= 0 ? at(step.scratch) : nullptr));
  }
  return result;
}

std::byte* Context::buffer(const Worker& worker, int index) const {
  return worker.arena.get() + plan_->memory_.offsets[static_cast<std::size_t>(index)];
}

std::span<std::uint8_t> Context::input() const {
  auto* bytes = in_parts() ? images_.get() : buffer(workers_[0], 0);
  return {reinterpret_cast<std::uint8_t*>(bytes), plan_->image_bytes() * static_cast<std::size_t>(plan_->batch_)};
}

std::span<float> Context::float_input() const {
  const auto bytes = input();
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

void Context::measure(const Worker& worker, std::span<float> norms) const {
  const auto columns = static_cast<std::size_t>(plan_->embedding_size());
  const auto* row = reinterpret_cast<const float*>(buffer(worker, measured_));
  for (auto& norm : norms) {
    double squares = 0;
    for (std::size_t i = 0; i < columns; ++i) squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    norm = static_cast<float>(std::sqrt(squares));
    row += columns;
  }
}

std::vector<double> Context::step_seconds(int runs) {
  using Clock = std::chrono::steady_clock;
  const ThreadScope threads(plan_->threads_ / plan_->workers_);
  const auto& kernels = workers_[0].kernels;
  std::vector<double> least(kernels.size(), std::numeric_limits<double>::infinity());
  for (int run = 0; run <= runs; ++run) {
    auto before = Clock::now();
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      kernels[i]->run();
      const auto after = Clock::now();
      if (run > 0) least[i] = std::min(least[i], std::chrono::duration<double>(after - before).count());
      before = after;
    }
  }
  return least;
}

std::span<const float> Context::run_part(const Worker& worker, std::span<float> norms) const {
  const auto& kernels = worker.kernels;
  // The last step may write over its source, whose lengths are wanted.
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    if (i + 1 == kernels.size() && measured_ != plan_->output_) measure(worker, norms);
    kernels[i]->run();
  }
  if (measured_ == plan_->output_) measure(worker, norms);
  const auto& spec = plan_->spec(plan_->output_);
  return {reinterpret_cast<const float*>(buffer(worker, plan_->output_)),
          static_cast<std::size_t>(spec.shape.elements())};
}

void Context::run_parts(std::int64_t worker) {
  const Worker& own = workers_[static_cast<std::size_t>(worker)];
  const auto chunk = static_cast<std::size_t>(plan_->chunk_);
  const std::int64_t parts = plan_->batch_ / plan_->chunk_;
  for (std::int64_t part = parts * worker / plan_->workers_; part < parts * (worker + 1) / plan_->workers_; ++part) {
    const auto first = static_cast<std::size_t>(part) * chunk;
    std::copy_n(images_.get() + first * plan_->image_bytes(), chunk * plan_->image_bytes(), buffer(own, 0));
    const auto rows = run_part(own, std::span(norms_).subspan(first, chunk));
    std::copy(rows.begin(), rows.end(),
              results_.begin() + static_cast<std::ptrdiff_t>(part) * static_cast<std::ptrdiff_t>(rows.size()));
  }
}

std::span<const float> Context::run() {
  const ThreadScope threads(plan_->threads_);
  if (!in_parts()) return run_part(workers_[0], norms_);
  if (plan_->workers_ == 1) {
    run_parts(0);
  } else {
    parallel_for(plan_->workers_, [&](std::int64_t worker) { run_parts(worker); });
  }
  return results_;
}

}  // namespace facenet
