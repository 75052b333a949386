// What users wait for: embedding, a training step, mining with its loss, decoding.
#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include <facenet/dataset.hpp>
#include <facenet/embedder.hpp>
#include <facenet/train/triplet_loss.hpp>

#include "api/model_access.hpp"
#include "base/threads.hpp"
#include "measured.hpp"
#include "models/architectures.hpp"
#include "train/trainer.hpp"

namespace facenet::benchmarks {
namespace {

const Model& model(const std::string& name) {
  static std::map<std::string, Model> models;
  const auto found = models.find(name);
  if (found != models.end()) return found->second;
  return models.emplace(name, make_model({models::make_architecture(name, {}), {}, name, {}, {}, {}, {}}))
      .first->second;
}

void embed(benchmark::State& state, const std::string& name) {
  const Model& network = model(name);
  const int batch = static_cast<int>(state.range(0));
  Embedder embedder(network, {.batch = batch});
  std::vector<Image> images;
  for (int i = 0; i < batch; ++i) {
    images.push_back(noise(network.input_width(), network.input_height(), static_cast<std::uint64_t>(i)));
  }
  for (auto _ : state) benchmark::DoNotOptimize(embedder.embed(images));
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK_CAPTURE(embed, nn2, "nn2")->ArgName("batch")->Arg(1)->Arg(32)->UseRealTime();
BENCHMARK_CAPTURE(embed, nn4, "nn4")->ArgName("batch")->Arg(1)->Arg(32)->UseRealTime();

// Threads with an embedder of one thread each.
void embed_side_by_side(benchmark::State& state) {
  static const Model shared = model("nn4");
  Embedder embedder(shared, {.threads = 1, .batch = 1});
  const Image image = noise(96, 96, 1);
  embedder.embed(image);
  for (auto _ : state) benchmark::DoNotOptimize(embedder.embed(image));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(embed_side_by_side)->Threads(1)->Threads(2)->UseRealTime();

void training_step(benchmark::State& state, const std::string& name, std::int64_t batch) {
  const ThreadScope threads(available_threads());
  const Graph graph = models::make_architecture(name, {});
  TrainerOptions options;
  options.precision = Precision::f32;
  Trainer trainer(graph, options);
  const Tensor images(TensorSpec{graph.input_shape().with_batch(batch), DataType::u8});
  auto* bytes = static_cast<std::uint8_t*>(images.raw());
  for (std::size_t i = 0; i < images.spec().bytes(); ++i) bytes[i] = static_cast<std::uint8_t>(mix(i));
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < batch; ++i) labels.push_back(static_cast<std::int32_t>(i / 4));
  for (auto _ : state) trainer.step(images, labels, 0.5);
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK_CAPTURE(training_step, nn4, "nn4", 64)->UseRealTime();
BENCHMARK_CAPTURE(training_step, nn2, "nn2", 32)->UseRealTime();

// The paper's batch: 45 people, 40 images of each.
void mining(benchmark::State& state) {
  const ThreadScope threads(available_threads());
  constexpr std::size_t kRows = 1800;
  const auto rows = unit_rows(kRows, 128);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < kRows; ++i) labels.push_back(static_cast<std::int32_t>(i / 40));
  for (auto _ : state) {
    const auto distances = pairwise_squared_distances(rows, kRows, 128);
    const auto selection = TripletMiner().mine(distances, labels);
    benchmark::DoNotOptimize(TripletLoss().compute(rows, kRows, 128, distances, selection));
  }
}
BENCHMARK(mining)->UseRealTime();

void decode(benchmark::State& state) {
  const auto bytes = generate_face(1, 1, static_cast<int>(state.range(0))).image.encode_jpeg();
  for (auto _ : state) benchmark::DoNotOptimize(Image::decode(bytes, "face"));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(decode)->ArgName("side")->Arg(250)->Arg(1000);

}  // namespace
}  // namespace facenet::benchmarks
