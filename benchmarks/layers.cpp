// The kinds of layers that take a network's time, forward and backward through the tape as training runs them.
#include <benchmark/benchmark.h>

#include "autograd/tape.hpp"
#include "base/aligned.hpp"
#include "base/threads.hpp"
#include "measured.hpp"
#include "nn/layers.hpp"

namespace facenet::benchmarks {
namespace {

// A forward in training mode and its backward, source included. [batch, channels, side, side]
void layer(benchmark::State& state, const nn::ModulePtr& module, const Shape& shape) {
  const ThreadScope threads(available_threads());
  const MemoryPool pool;
  const MemoryPool::Scope pooled(pool);
  const Graph graph = trace(*module, shape.with_batch(1));
  const Tensor source = filled({shape});
  for (auto _ : state) {
    Tape tape({.mode = {true, 1}});
    const Variable output = graph.forward(tape, tape.input(source, true));
    tape.backward(output, tape.value(output));
    for (const auto& parameter : graph.parameters()) parameter->gradient = Tensor();
  }
  state.SetItemsProcessed(state.iterations() * shape[0]);
}

nn::Builder& builder() {
  static nn::Builder one(nn::Norm::batch, 1);
  return one;
}

BENCHMARK_CAPTURE(layer, conv3x3_bn_relu, builder().conv_relu("conv", 64, 192, 3), Shape{32, 64, 24, 24})
    ->UseRealTime();
BENCHMARK_CAPTURE(layer, conv1x1_bn_relu, builder().conv_relu("conv", 640, 192, 1), Shape{32, 640, 6, 6})
    ->UseRealTime();
BENCHMARK_CAPTURE(layer, max_pool, nn::pool("pool", Pool::Kind::maximum, 3, 2), Shape{32, 192, 24, 24})->UseRealTime();
BENCHMARK_CAPTURE(layer, l2_pool, nn::pool("pool", Pool::Kind::l2, 3, 1), Shape{32, 320, 12, 12})->UseRealTime();
BENCHMARK_CAPTURE(layer, local_response_norm, nn::local_response_norm("norm"), Shape{32, 192, 24, 24})->UseRealTime();

}  // namespace
}  // namespace facenet::benchmarks
