// Convolutions of the networks directly, with streamed weights and by Winograd's algorithms, as a plan runs them. "ops"
// counts two operations for each multiply-add of the direct form.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/aligned.hpp"
#include "base/threads.hpp"
#include "kernels/streamed.hpp"
#include "kernels/winograd.hpp"
#include "measured.hpp"

namespace facenet::benchmarks {
namespace {

// Arguments: m of F(m x m, r x r), 0 for direct, 1 for streamed; batch, channels in and out, side of the map, kernel.
void convolution_by(benchmark::State& state) {
  const ThreadScope threads(available_threads());
  const std::int64_t m = state.range(0);
  const std::int64_t r = state.range(5);
  const kernels::ConvolutionProblem problem{.src = {state.range(1), state.range(2), state.range(4), state.range(4)},
                                            .weights = {state.range(3), state.range(2), r, r},
                                            .pad_begin = {r / 2, r / 2},
                                            .pad_end = {r / 2, r / 2}};
  const auto forward = m == 0   ? kernels::convolution_forward(problem)
                       : m == 1 ? kernels::streamed_forward(problem)
                                : kernels::winograd_forward(problem, m);
  const Tensor src = filled(forward->src), dst = filled(forward->dst);
  const Tensor packed = filled({{static_cast<std::int64_t>(forward->packed_bytes / sizeof(float))}});
  const auto scratch = aligned_bytes(forward->kernel->scratch_bytes());
  const std::vector<void*> arguments{src.raw(), packed.raw(), dst.raw()};
  const auto bound = forward->kernel->bind(arguments, scratch.get());
  for (auto _ : state) bound->run();
  const std::int64_t operations = 2 * forward->dst.shape.elements() * problem.weights.elements() / problem.weights[0];
  state.counters["ops"] =
      benchmark::Counter(static_cast<double>(operations * state.iterations()), benchmark::Counter::kIsRate);
  state.SetLabel(forward->kernel->implementation());
}

BENCHMARK(convolution_by)
    ->ArgNames({"m", "batch", "in", "out", "side", "r"})
    ->ArgsProduct({{0, 4, 2}, {1}, {64}, {192}, {56}, {3}})
    ->ArgsProduct({{0, 4, 2}, {1}, {96}, {128}, {28}, {3}})
    ->ArgsProduct({{0, 4, 2}, {1}, {144}, {288}, {14}, {3}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {192}, {384}, {7}, {3}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {112}, {224}, {6}, {3}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {256}, {256}, {3}, {3}})
    ->ArgsProduct({{0, 2}, {1}, {32}, {64}, {28}, {5}})
    ->ArgsProduct({{0, 1}, {1}, {640}, {128}, {6}, {1}})
    ->UseRealTime();

}  // namespace
}  // namespace facenet::benchmarks
