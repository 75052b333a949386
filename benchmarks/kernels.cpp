// Kernels alone: convolutions of the networks, batch normalisation, distances.
#include <benchmark/benchmark.h>

#include <vector>

#include <facenet/train/triplet_miner.hpp>

#include "base/threads.hpp"
#include "kernels/batch_norm.hpp"
#include "kernels/convolution.hpp"
#include "measured.hpp"

namespace facenet::benchmarks {
namespace {

using kernels::ConvolutionProblem;

enum class Pass { forward, backward_data, backward_weights };

// Arguments: batch, channels in and out, side of the map, kernel, stride.
void convolution(benchmark::State& state, Pass pass) {
  const ThreadScope threads(available_threads());
  const std::int64_t kernel = state.range(4);
  const ConvolutionProblem problem{.src = {state.range(0), state.range(1), state.range(3), state.range(3)},
                                   .weights = {state.range(2), state.range(1), kernel, kernel},
                                   .stride = {state.range(5), state.range(5)},
                                   .pad_begin = {kernel / 2, kernel / 2},
                                   .pad_end = {kernel / 2, kernel / 2}};
  const auto forward = kernels::convolution_forward(problem);
  const auto data = kernels::convolution_backward_data(problem);
  const auto weights = kernels::convolution_backward_weights(problem);
  const bool to_weights = pass == Pass::backward_weights;
  const auto& kernel_of_pass = pass == Pass::forward ? forward->kernel : to_weights ? weights->kernel : data->kernel;
  const Tensor packed = filled({{static_cast<std::int64_t>(pass == Pass::forward ? forward->packed_bytes
                                                           : to_weights          ? weights->packed_bytes
                                                                                 : data->packed_bytes) /
                                 4}});
  const Tensor first = filled(pass == Pass::forward ? forward->src : to_weights ? weights->src : data->diff_dst);
  const Tensor last = filled(pass == Pass::forward ? forward->dst : to_weights ? weights->diff_dst : data->diff_src);
  const Tensor& second = to_weights ? last : packed;
  const Tensor& third = to_weights ? packed : last;
  for (auto _ : state) kernel_of_pass->run({first.raw(), second.raw(), third.raw()});
  const double operations =
      2.0 * static_cast<double>(forward->dst.shape.elements() * problem.weights.elements() / problem.weights[0]);
  state.counters["FLOP/s"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(kernel_of_pass->implementation());
}

// Convolutions of NN2 and NN4 that take most of their time, and one small map.
void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"batch", "in", "out", "side", "kernel", "stride"});
  for (const std::int64_t batch : {1, 32}) {
    b->Args({batch, 64, 192, 56, 3, 1});
    b->Args({batch, 64, 192, 24, 3, 1});
    b->Args({batch, 144, 288, 14, 3, 1});
    b->Args({batch, 640, 192, 14, 1, 1});
    b->Args({batch, 192, 384, 3, 3, 1});
  }
  b->UseRealTime();
}
BENCHMARK_CAPTURE(convolution, forward, Pass::forward)->Apply(shapes);
BENCHMARK_CAPTURE(convolution, backward_data, Pass::backward_data)->Apply(shapes);
BENCHMARK_CAPTURE(convolution, backward_weights, Pass::backward_weights)->Apply(shapes);

void batch_norm(benchmark::State& state) {
  const ThreadScope threads(available_threads());
  const TensorSpec spec{{32, 192, 56, 56}, DataType::f32, kernels::native_blocked_layout()};
  const auto kernels = kernels::batch_norm_training({.src = spec, .relu = true});
  const Tensor src = filled(spec), dst(spec), diff(spec);
  const TensorSpec vector{{192}};
  const Tensor scale = filled(vector), shift = filled(vector), mean(vector), variance(vector), diff_scale(vector),
               diff_shift(vector);
  const Tensor workspace(TensorSpec{{static_cast<std::int64_t>(kernels->workspace_bytes)}, DataType::u8});
  for (auto _ : state) {
    kernels->forward->run(
        {src.raw(), scale.raw(), shift.raw(), dst.raw(), mean.raw(), variance.raw(), workspace.raw()});
    kernels->backward->run({src.raw(), mean.raw(), variance.raw(), scale.raw(), dst.raw(), workspace.raw(), diff.raw(),
                            diff_scale.raw(), diff_shift.raw()});
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(spec.bytes()) * 5);
}
BENCHMARK(batch_norm)->UseRealTime();

void distances(benchmark::State& state) {
  const ThreadScope threads(available_threads());
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto rows = unit_rows(n, 128);
  for (auto _ : state) benchmark::DoNotOptimize(pairwise_squared_distances(rows, n, 128));
}
BENCHMARK(distances)->Arg(1800)->UseRealTime();

}  // namespace
}  // namespace facenet::benchmarks
