// Plan's figures, and Context.
#include "infer/plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/threads.hpp"

namespace facenet {

std::size_t Plan::reorders() const {
  std::size_t count = 0;
  for (const auto& step : steps_) count += step.operation == "reorder" ? 1 : 0;
  return count;
}

std::size_t Plan::buffer_bytes() const {
  std::size_t sum = 0;
  for (const auto& spec : specs_) sum += spec.bytes();
  return sum;
}

std::size_t Plan::constant_bytes() const {
  std::size_t sum = 0;
  std::set<const void*> seen;
  for (const auto& step : steps_) {
    for (const auto& constant : step.constants) {
      if (seen.insert(constant.raw()).second) sum += constant.spec().bytes();
    }
  }
  return sum;
}

std::string Plan::describe() const {
  std::string text;
  std::array<char, 256> line{};
  const auto print = [&](const char* layer, const char* operation, const char* implementation,
                         const std::string& result, const std::string& bytes) {
    const int length = std::snprintf(line.data(), line.size(), "%-28.60s %-20s %-26.40s %-34s %12s\n", layer, operation,
                                     implementation, result.c_str(), bytes.c_str());
    text.append(line.data(), std::min(line.size() - 1, static_cast<std::size_t>(length)));
  };
  print("layer", "operation", "implementation", "result", "bytes");
  for (const auto& step : steps_) {
    print(step.layer.c_str(), step.operation.c_str(), step.kernel->implementation().c_str(), spec(step.dst).text(),
          std::to_string(spec(step.dst).bytes()));
  }
  text += "batch " + std::to_string(batch_) + ", " + std::to_string(threads_) + " thread(s), " +
          std::to_string(steps_.size()) + " steps, of which " + std::to_string(reorders()) + " reorder; arena " +
          std::to_string(arena_bytes()) + " bytes for buffers of " + std::to_string(buffer_bytes()) + "; constants " +
          std::to_string(constant_bytes()) + " bytes\n";
  return text;
}

Context::Context(std::shared_ptr<const Plan> plan)
    : plan_(std::move(plan)), arena_(aligned_bytes(plan_->arena_bytes())) {
  for (const auto& step : plan_->steps_) {
    std::vector<void*> arguments;
    for (const int source : step.src) arguments.push_back(buffer(source));
    for (const auto& constant : step.constants) arguments.push_back(constant.raw());
    arguments.push_back(buffer(step.dst));
    kernels_.push_back(step.kernel->bind(arguments, step.scratch >= 0 ? buffer(step.scratch) : nullptr));
  }
  measured_ = plan_->output_;
  if (!plan_->steps_.empty()) {
    const auto& last = plan_->steps_.back();
    const bool normalises = last.operation == "l2_normalize" && last.dst == plan_->output_;
    if (normalises && plan_->spec(last.src[0]).type == DataType::f32) measured_ = last.src[0];
  }
  norms_.resize(static_cast<std::size_t>(plan_->batch_));
}

std::span<std::uint8_t> Context::input() const {
  return {reinterpret_cast<std::uint8_t*>(buffer(0)), plan_->specs_[0].bytes()};
}

std::span<float> Context::float_input() const {
  return {reinterpret_cast<float*>(buffer(0)), plan_->specs_[0].bytes() / sizeof(float)};
}

void Context::measure() {
  const auto columns = static_cast<std::size_t>(plan_->embedding_size());
  const auto* row = reinterpret_cast<const float*>(buffer(measured_));
  for (auto& norm : norms_) {
    double squares = 0;
    for (std::size_t i = 0; i < columns; ++i) squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    norm = static_cast<float>(std::sqrt(squares));
    row += columns;
  }
}

std::span<const float> Context::run() {
  const ThreadScope threads(plan_->threads_);
  // The last step may write over its source, whose lengths are wanted.
  for (std::size_t i = 0; i < kernels_.size(); ++i) {
    if (i + 1 == kernels_.size() && measured_ != plan_->output_) measure();
    kernels_[i]->run();
  }
  if (measured_ == plan_->output_) measure();
  const auto& spec = plan_->specs_[static_cast<std::size_t>(plan_->output_)];
  return {reinterpret_cast<const float*>(buffer(plan_->output_)), static_cast<std::size_t>(spec.shape.elements())};
}

}  // namespace facenet
