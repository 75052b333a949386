// Whole training steps on a batch in memory, for benchmarks/peers/training.py.
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "models/architectures.hpp"
#include "serve.hpp"
#include "train/trainer.hpp"

using namespace facenet;

int main(int count, char** words) {
  const auto option = [&](std::string_view name, const char* fallback) {
    return peers::option(count, words, name, fallback);
  };
  const ThreadScope threads(std::stoi(option("--threads", "1")));
  const std::int64_t batch = std::stoll(option("--batch", "64"));
  const Graph graph = models::make_architecture(option("--arch", "nn4"), {.norm = nn::Norm::batch});
  TrainerOptions options;
  options.precision = std::string(option("--precision", "f32")) == "bf16" ? Precision::bf16 : Precision::f32;
  Trainer trainer(graph, options);

  const Shape input = graph.input_shape().with_batch(batch);
  const Tensor images(TensorSpec{input, DataType::u8});
  auto* bytes = static_cast<std::uint8_t*>(images.raw());
  for (std::int64_t i = 0; i < input.elements(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(mix(static_cast<std::uint64_t>(i)));
  }
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < batch; ++i) labels.push_back(static_cast<std::int32_t>(i / 4));
  peers::serve([&] { trainer.step(images, labels, 0.5); });
}
