// What a plan tells about itself.
#include "infer/plan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

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

std::string Plan::describe(std::span<const double> seconds) const {
  std::string text;
  std::array<char, 320> line{};
  const auto print = [&](const char* layer, const char* operation, const char* implementation,
                         const std::string& result, const std::string& bytes, const std::string& time) {
    const int length = std::snprintf(line.data(), line.size(), "%-28.60s %-20s %-26.40s %-34s %12s%s\n", layer,
                                     operation, implementation, result.c_str(), bytes.c_str(), time.c_str());
    text.append(line.data(), std::min(line.size() - 1, static_cast<std::size_t>(length)));
  };
  const auto time = [](double step_seconds, std::int64_t multiply_adds) {
    std::array<char, 64> figures{};
    const double rate = 2 * static_cast<double>(multiply_adds) / step_seconds / 1e9;
    std::snprintf(figures.data(), figures.size(), "%10.3f%9.0f", step_seconds * 1e3, rate);
    return std::string(figures.data());
  };
  const std::string head = seconds.empty() ? "" : "        ms  GFLOP/s";
  print("layer", "operation", "implementation", "result", "bytes", head);
  double sum = 0;
  std::int64_t multiply_adds = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto& step = steps_[i];
    print(step.layer.c_str(), step.operation.c_str(), step.kernel->implementation().c_str(), spec(step.dst).text(),
          std::to_string(spec(step.dst).bytes()), seconds.empty() ? "" : time(seconds[i], step.multiply_adds));
    sum += seconds.empty() ? 0 : seconds[i];
    multiply_adds += step.multiply_adds;
  }
  if (!seconds.empty()) print("sum of the steps", "", "", "", "", time(sum, multiply_adds));
  text += "batch " + std::to_string(batch_) + ", " + std::to_string(threads_) + " thread(s), ";
  if (chunk_ != batch_) text += std::to_string(chunk_) + (workers_ > 1 ? " at a time by each, " : " at a time, ");
  text += std::to_string(steps_.size()) + " steps, of which " + std::to_string(reorders()) + " reorder; arena " +
          std::to_string(arena_bytes()) + " bytes for buffers of " + std::to_string(buffer_bytes()) + "; constants " +
          std::to_string(constant_bytes()) + " bytes\n";
  return text;
}

}  // namespace facenet
