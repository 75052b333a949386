// Convolutions of the networks directly, with streamed weights and by Winograd's algorithms, as a plan runs them: each
// time with other weights, of 16 MiB, as the layers between would leave them. "ops" counts two operations for each
// multiply-add of the direct form.
#include <benchmark/benchmark.h>

#include <vector>

#include "base/aligned.hpp"
#include "base/threads.hpp"
#include "kernels/streamed.hpp"
#include "kernels/winograd.hpp"
#include "measured.hpp"

namespace facenet::benchmarks {
namespace {

// Arguments: m of F(m x m, r x r), 0 for direct, 1 for streamed; batch, channels in and out, side of the map, kernel,
// bytes of a number, 16 for those of float32 that are multiplied in float16.
void convolution_by(benchmark::State& state) {
  const ThreadScope threads(available_threads());
  const std::int64_t m = state.range(0);
  const std::int64_t r = state.range(5);
  const bool f16 = state.range(6) == 16;
  if (f16 && !kernels::has_native_f16()) return state.SkipWithError("no float16 here");
  const kernels::ConvolutionProblem problem{.src = {state.range(1), state.range(2), state.range(4), state.range(4)},
                                            .weights = {state.range(3), state.range(2), r, r},
                                            .pad_begin = {r / 2, r / 2},
                                            .pad_end = {r / 2, r / 2},
                                            .type = state.range(6) == 2 ? DataType::bf16 : DataType::f32,
                                            .f16 = f16};
  if (problem.type == DataType::bf16 && !kernels::has_native_bf16()) return state.SkipWithError("no bfloat16 here");
  const auto forward = m == 0   ? kernels::convolution_forward(problem)
                       : m == 1 ? kernels::streamed_forward(problem)
                                : kernels::winograd_forward(problem, m);
  const Tensor src = filled(forward->src), dst = filled(forward->dst);
  const auto scratch = aligned_bytes(forward->kernel->scratch_bytes());
  std::vector<Tensor> packed;
  std::vector<std::unique_ptr<kernels::BoundKernel>> bound;
  for (std::size_t bytes = 0; bytes < (16U << 20U); bytes += forward->packed_bytes) {
    packed.push_back(
        filled({{static_cast<std::int64_t>(forward->packed_bytes) / (f16 ? 4 : state.range(6))}, problem.type}));
    const std::vector<void*> arguments{src.raw(), packed.back().raw(), dst.raw()};
    bound.push_back(forward->kernel->bind(arguments, scratch.get()));
  }
  std::size_t next = 0;
  for (auto _ : state) bound[next++ % bound.size()]->run();
  const std::int64_t operations = 2 * forward->dst.shape.elements() * problem.weights.elements() / problem.weights[0];
  state.counters["ops"] =
      benchmark::Counter(static_cast<double>(operations * state.iterations()), benchmark::Counter::kIsRate);
  state.SetLabel(forward->kernel->implementation());
}

BENCHMARK(convolution_by)
    ->ArgNames({"m", "batch", "in", "out", "side", "r", "bytes"})
    ->ArgsProduct({{0, 4, 2}, {1}, {64}, {192}, {56}, {3}, {4}})
    ->ArgsProduct({{0, 4, 2}, {1}, {96}, {128}, {28}, {3}, {4}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {144}, {288}, {14}, {3}, {4, 2}})
    ->ArgsProduct({{0, 1}, {1}, {256}, {64}, {28}, {1}, {4, 2}})
    ->ArgsProduct({{0, 1}, {1}, {640}, {128}, {14}, {1}, {4, 2}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {96}, {128}, {12}, {3}, {4, 2}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {128}, {128}, {8}, {3}, {4, 2}})
    ->ArgsProduct({{0, 4, 2}, {16}, {128}, {128}, {8}, {3}, {4, 2}})
    ->ArgsProduct({{0, 4, 2}, {16}, {256}, {256}, {4}, {3}, {4, 2}})
    ->ArgsProduct({{0, 4, 2}, {16}, {112}, {224}, {6}, {3}, {4, 2}})
    ->ArgsProduct({{0, 4, 2}, {16}, {192}, {384}, {7}, {3}, {4, 2}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {192}, {384}, {7}, {3}, {4, 2}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {112}, {224}, {6}, {3}, {4, 2}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {256}, {256}, {4}, {3}, {4, 2}})
    ->ArgsProduct({{0, 1, 4, 2}, {1}, {256}, {256}, {3}, {3}, {4, 2}})
    ->ArgsProduct({{0, 2}, {1}, {32}, {64}, {28}, {5}, {4}})
    ->ArgsProduct({{0, 1}, {1}, {640}, {128}, {6}, {1}, {4, 2}})
    ->ArgsProduct({{1}, {1}, {128}, {128}, {14, 8, 6}, {1, 3}, {16}})
    ->UseRealTime();

}  // namespace
}  // namespace facenet::benchmarks
