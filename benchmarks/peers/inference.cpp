// Embeds images that are decoded already: what inference.py, threads.py and folder.py measure.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <facenet/embedder.hpp>
#include <facenet/model.hpp>

#include "serve.hpp"

using namespace facenet;

namespace {

// No kernel's time depends on the values; not of one colour, so that nothing is denormal.
std::vector<Image> noise(const Model& model, int count) {
  std::vector<Image> images;
  std::uint32_t state = 12345;
  for (int i = 0; i < count; ++i) {
    images.emplace_back(model.input_width(), model.input_height());
    for (auto& value : images.back().pixels()) {
      state = state * 1664525U + 1013904223U;
      value = static_cast<std::uint8_t>(state >> 24U);
    }
  }
  return images;
}

Precision precision(const std::string& name) {
  return name == "bf16"        ? Precision::bf16
         : name == "int8"      ? Precision::int8
         : name == "automatic" ? Precision::automatic
                               : Precision::f32;
}

}  // namespace

// --batch N images in each call, --repeat R calls in a repetition; --workers W: so many threads do that side by side,
// with an embedder of --threads T each.
int main(int count, char** words) {
  const auto number = [&](const char* name) { return std::max(1, std::stoi(peers::option(count, words, name, "1"))); };
  const EmbedderOptions options{.threads = number("--threads"),
                                .batch = number("--batch"),
                                .precision = precision(peers::option(count, words, "--precision", "f32"))};
  const auto model = Model::load(peers::option(count, words, "--model", "model.fnm"));
  const auto images = noise(model, options.batch);
  const int repeat = number("--repeat");
  std::vector<Embedder> embedders;
  for (int i = 0; i < number("--workers"); ++i) embedders.emplace_back(model, options);
  peers::serve_counts([&](std::int64_t repetitions) {
    std::vector<std::jthread> workers;
    for (Embedder& embedder : embedders) {
      const auto work = [&embedder, &images, calls = repetitions * repeat] {
        for (std::int64_t i = 0; i < calls; ++i) embedder.embed(images);
      };
      if (embedders.size() == 1) return work();
      workers.emplace_back(work);
    }
  });
}
