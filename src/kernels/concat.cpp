// Concatenation: for each place on the axes in front (nhwc: each pixel) the sources' runs follow one another.
#include "kernels/concat.hpp"

#include <algorithm>
#include <cstring>

#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

struct Runs {
  std::int64_t count = 0;          // how often the sources alternate
  std::vector<std::size_t> bytes;  // of each source in one run
  std::size_t total = 0;
};

Runs runs_of(std::span<const TensorSpec> parts, std::size_t axis) {
  Runs runs;
  const auto& first = parts[0];
  runs.count = 1;
  for (const auto extent : first.shape.dims().first(axis)) runs.count *= extent;
  if (first.layout == Layout::nhwc) runs.count *= first.shape[2] * first.shape[3];
  for (const auto& part : parts) {
    runs.bytes.push_back(runs.count == 0 ? 0 : part.bytes() / static_cast<std::size_t>(runs.count));
    runs.total += runs.bytes.back();
  }
  return runs;
}

}  // namespace

bool can_concat(std::span<const std::int64_t> channels, Layout layout) {
  return std::all_of(channels.begin(), channels.end(), [&](auto c) { return c % block_of(layout) == 0; });
}

bool is_joined(std::span<const TensorSpec> src, std::size_t axis) { return runs_of(src, axis).count == 1; }

KernelPtr concat(std::span<const TensorSpec> src, std::size_t axis) {
  return function_kernel("own:copy", [runs = runs_of(src, axis)](std::span<void* const> a) {
    auto* dst = static_cast<std::byte*>(a.back());
    parallel_for(runs.count, [&](std::int64_t run) {
      const auto r = static_cast<std::size_t>(run);
      std::byte* to = dst + r * runs.total;
      for (std::size_t i = 0; i < runs.bytes.size(); ++i) {
        std::memcpy(to, static_cast<const std::byte*>(a[i]) + r * runs.bytes[i], runs.bytes[i]);
        to += runs.bytes[i];
      }
    });
  });
}

KernelPtr split(std::span<const TensorSpec> parts, std::size_t axis) {
  return function_kernel("own:copy", [runs = runs_of(parts, axis)](std::span<void* const> a) {
    const auto* src = static_cast<const std::byte*>(a[0]);
    parallel_for(runs.count, [&](std::int64_t run) {
      const auto r = static_cast<std::size_t>(run);
      const std::byte* from = src + r * runs.total;
      for (std::size_t i = 0; i < runs.bytes.size(); ++i) {
        std::memcpy(static_cast<std::byte*>(a[1 + i]) + r * runs.bytes[i], from, runs.bytes[i]);
        from += runs.bytes[i];
      }
    });
  });
}

}  // namespace facenet::kernels
