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
  const auto time = [](double step_seconds, std::int64_t multiply_adds, std::size_t bytes) {
    std::array<char, 64> figures{};
    const double operations = 2 * static_cast<double>(multiply_adds);
    std::snprintf(figures.data(), figures.size(), "%10.3f%9.0f%10.1f", step_seconds * 1e3,
                  operations / step_seconds / 1e9, operations / static_cast<double>(bytes));
    return std::string(figures.data());
  };
  const std::string head = seconds.empty() ? "" : "        ms  GFLOP/s  ops/byte";
  print("layer", "operation", "implementation", "result", "bytes", head);
  double sum = 0;
  std::int64_t multiply_adds = 0;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto& step = steps_[i];
    std::size_t bytes = spec(step.dst).bytes();
    for (const int source : step.src) bytes += spec(source).bytes();
    for (const auto& constant : step.constants) bytes += constant.spec().bytes();
    moved += bytes;
    print(step.layer.c_str(), step.operation.c_str(), step.kernel->implementation().c_str(), spec(step.dst).text(),
          std::to_string(spec(step.dst).bytes()), seconds.empty() ? "" : time(seconds[i], step.multiply_adds, bytes));
    sum += seconds.empty() ? 0 : seconds[i];
    multiply_adds += step.multiply_adds;
  }
  if (!seconds.empty()) print("sum of the steps", "", "", "", "", time(sum, multiply_adds, moved));
  text += "batch " + std::to_string(batch_) + ", " + std::to_string(threads_) + " thread(s), ";
  if (chunk_ != batch_) text += std::to_string(chunk_) + (workers_ > 1 ? " at a time by each, " : " at a time, ");
  text += std::to_string(steps_.size()) + " steps, of which " + std::to_string(reorders()) + " reorder; arena " +
          std::to_string(arena_bytes()) + " bytes for buffers of " + std::to_string(buffer_bytes()) + "; constants " +
          std::to_string(constant_bytes()) + " bytes\n";
  return text;
}

}  // namespace facenet
