// What one waits for from a model file to the first embedding, in a process that has done nothing yet. start.py runs
// it.
#include <chrono>
#include <cstdio>
#include <string>

#include <facenet/embedder.hpp>
#include <facenet/model.hpp>

#include "serve.hpp"

using namespace facenet;

int main(int count, char** words) {
  const auto start = std::chrono::steady_clock::now();
  const auto model = Model::load(peers::option(count, words, "--model", "model.fnm"));
  Embedder embedder(model, {.threads = std::stoi(peers::option(count, words, "--threads", "1")), .batch = 1});
  const auto embedding = embedder.embed(Image(model.input_width(), model.input_height()));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("{\"seconds\": %.9g, \"numbers\": %zu}\n", seconds.count(), embedding.size());
}
