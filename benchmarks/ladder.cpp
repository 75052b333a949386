// What each optimisation gives: one network from loops as one would write them down to what a plan does now.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/threads.hpp"
#include "graph/passes/passes.hpp"
#include "infer/int8_calibration.hpp"
#include "infer/plan.hpp"
#include "measured.hpp"
#include "models/architectures.hpp"

namespace facenet::benchmarks {
namespace {

std::vector<std::uint8_t> noise_bytes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  Random random(1, 0);
  for (auto& value : bytes) value = static_cast<std::uint8_t>(random.below(256));
  return bytes;
}

// The operators' own references, in double: a loop for each sum of the definitions. One thread, one image.
void references(benchmark::State& state, const std::string& name) {
  const Graph graph = models::make_architecture(name, {});
  std::vector<RefTensor> values(graph.values().size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = RefTensor(graph.values()[i].shape);
    if (const auto& parameter = graph.values()[i].parameter) {
      const auto numbers = parameter->value.floats();
      values[i].values.assign(numbers.begin(), numbers.end());
    }
  }
  const auto image = noise_bytes(values[0].values.size());
  values[0].values.assign(image.begin(), image.end());
  for (auto _ : state) {
    for (const auto& node : graph.nodes()) {
      std::vector<RefTensor> sources;
      for (const int source : node.src) sources.push_back(values[static_cast<std::size_t>(source)]);
      values[static_cast<std::size_t>(node.dst)] = node.op->reference(sources, {});
    }
  }
  state.SetItemsProcessed(state.iterations());
}

void planned(benchmark::State& state, const std::string& name, const std::function<Graph(const Graph&)>& pass,
             PlanOptions options) {
  const Graph graph = pass(models::make_architecture(name, {}));
  options.batch = state.range(0);
  options.optimise = false;  // the pass has done it
  if (options.chunk < 0) options.chunk = options.batch;
  Context context(Plan::compile(graph, options));
  const auto images = noise_bytes(context.input().size());
  for (auto _ : state) {
    std::ranges::copy(images, context.input().begin());
    benchmark::DoNotOptimize(context.run());
  }
  state.SetItemsProcessed(state.iterations() * options.batch);
}

Graph as_it_is(const Graph& graph) { return graph; }
Graph fused(const Graph& graph) { return passes::fuse_tails(passes::optimised(graph)); }
Graph bytes(const Graph& graph) {
  const Graph lean = passes::optimised(graph);
  const auto images = noise_bytes(static_cast<std::size_t>(lean.input_shape().elements()) * 8);
  return passes::in_int8(lean, calibrate_int8(lean, images).ranges);
}

[[maybe_unused]] const int registered = [] {
  constexpr std::int64_t kTogether = -1;  // all threads share the whole batch
  struct Rung {
    const char* name;
    std::function<Graph(const Graph&)> pass;
    PlanOptions options;
  };
  const std::vector<Rung> rungs{
      {"1_onednn_layer_by_layer", as_it_is, {.choice = Choice::plain}},
      {"2_folded_and_fused", fused, {.choice = Choice::plain}},
      {"3_winograd_and_streamed", fused, {.choice = Choice::fixed, .chunk = kTogether}},
      {"4_images_apart", fused, {.choice = Choice::fixed}},
      {"5_bf16", [](const Graph& graph) { return passes::in_bf16(fused(graph)); }, {.choice = Choice::fixed}},
      {"6_int8", bytes, {.choice = Choice::fixed}},
  };
  for (const std::string name : {"nn4", "nn2"}) {
    benchmark::RegisterBenchmark(("ladder/" + name + "/0_references").c_str(), references, name)
        ->Iterations(1)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    for (const auto& rung : rungs) {
      if (rung.name[0] == '5' && !kernels::has_native_bf16()) continue;
      benchmark::RegisterBenchmark(("ladder/" + name + "/" + rung.name).c_str(), planned, name, rung.pass, rung.options)
          ->ArgName("batch")
          ->Arg(1)
          ->Arg(32)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  return 0;
}();

}  // namespace
}  // namespace facenet::benchmarks
