// Slices by copying runs of memory.
#include "kernels/slice.hpp"

#include <cstring>
#include <utility>

#include "base/threads.hpp"

namespace facenet::kernels {
namespace {

// The tensor as [outer, extent, run bytes], with the axis in the middle. Neighbouring places are one run.
struct Runs {
  std::int64_t outer = 1, count, step;
  std::size_t run, line, first;
  Runs(const TensorSpec& spec, const SliceProblem& p) : count(p.count), step(p.step), run(bytes_of(spec.type)) {
    for (std::size_t i = 0; i < p.axis; ++i) outer *= spec.shape[i];
    for (std::size_t i = p.axis + 1; i < spec.shape.rank(); ++i) run *= static_cast<std::size_t>(spec.shape[i]);
    line = run * static_cast<std::size_t>(spec.shape[p.axis]);
    first = run * static_cast<std::size_t>(p.begin);
    if (step == 1) run *= static_cast<std::size_t>(std::exchange(count, 1));
  }
  std::size_t offset(std::int64_t place) const { return first + static_cast<std::size_t>(place * step) * run; }
  std::size_t bytes() const { return run * static_cast<std::size_t>(count); }
};

}  // namespace

KernelPtr slice(const TensorSpec& src, const SliceProblem& problem) {
  return function_kernel("own:copy", [runs = Runs(src, problem)](std::span<void* const> a) {
    parallel_for(runs.outer, [&](std::int64_t o) {
      const auto line = static_cast<std::size_t>(o);
      const std::byte* from = static_cast<const std::byte*>(a[0]) + line * runs.line;
      std::byte* to = static_cast<std::byte*>(a[1]) + line * runs.bytes();
      for (std::int64_t i = 0; i < runs.count; ++i, to += runs.run) std::memcpy(to, from + runs.offset(i), runs.run);
    });
  });
}

KernelPtr slice_backward(const TensorSpec& src, const SliceProblem& problem) {
  return function_kernel("own:copy", [runs = Runs(src, problem)](std::span<void* const> a) {
    parallel_for(runs.outer, [&](std::int64_t o) {
      const auto line = static_cast<std::size_t>(o);
      const std::byte* from = static_cast<const std::byte*>(a[0]) + line * runs.bytes();
      std::byte* to = static_cast<std::byte*>(a[1]) + line * runs.line;
      std::memset(to, 0, runs.line);
      for (std::int64_t i = 0; i < runs.count; ++i, from += runs.run) std::memcpy(to + runs.offset(i), from, runs.run);
    });
  });
}

}  // namespace facenet::kernels
