// Embeds a batch of images that are decoded already: what inference.py compares with other engines on the same network.
#include <algorithm>
#include <vector>

#include <facenet/embedder.hpp>
#include <facenet/model.hpp>

#include "serve.hpp"

int main(int count, char** words) {
  using facenet::peers::option;
  const int threads = std::max(1, std::stoi(option(count, words, "--threads", "1")));
  const int batch = std::max(1, std::stoi(option(count, words, "--batch", "1")));
  const auto model = facenet::Model::load(option(count, words, "--model", "model.fnm"));
  facenet::Embedder embedder(model, {.threads = threads, .batch = batch});
  // No kernel's time depends on the values; not of one colour, so that nothing is denormal.
  std::vector<facenet::Image> images;
  std::uint32_t state = 12345;
  for (int i = 0; i < batch; ++i) {
    images.emplace_back(model.input_width(), model.input_height());
    for (auto& value : images.back().pixels()) {
      state = state * 1664525U + 1013904223U;
      value = static_cast<std::uint8_t>(state >> 24U);
    }
  }
  facenet::peers::serve([&] { embedder.embed(images); });
}
