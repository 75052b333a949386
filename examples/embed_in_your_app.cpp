// The library in a program of yours: threads that embed side by side, one image's fault that is no other's, and a stop.
//
//   example_embed_in_your_app [MODEL OUT.npy IMAGE...]   without arguments: generated faces, an untrained network
#include <facenet/facenet.hpp>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) try {
  const facenet::Model model = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  const std::size_t count = argc > 2 ? static_cast<std::size_t>(argc) - 3 : 20;
  std::vector<std::vector<float>> rows(count);
  std::vector<std::string> faults(count);
  std::atomic<std::size_t> next{0};
  std::stop_source stop;  // your Ctrl-C, or a button: stop.request_stop() from any thread

  // An Embedder belongs to one thread. Each thread makes its own, which is cheap: all share the model's weights and
  // plans. What throws inside a thread is caught inside it: an Error concerns the file that its message names.
  const auto work = [&] {
    facenet::Embedder own(model, {.threads = 1});
    for (std::size_t i = next++; i < count && !stop.stop_requested(); i = next++) {
      try {
        rows[i] =
            own.embed(argc > 2 ? facenet::Image::open(argv[i + 3]) : facenet::generate_face(i / 4, i % 4, 80).image);
      } catch (const facenet::Error& error) {
        faults[i] = error.what();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();

  facenet::Embeddings embeddings;
  for (std::size_t i = 0; i < count; ++i) {
    if (!faults[i].empty()) std::fprintf(stderr, "left out: %s\n", faults[i].c_str());
    if (!rows[i].empty()) embeddings.append(rows[i]);
  }
  if (argc > 2) facenet::write_npy(argv[2], embeddings);
  std::printf("%zu of %zu images, %zu numbers each\n", embeddings.size(), count, embeddings.dimension);

  // What may take long takes a progress callback and a stop token. Interrupted is thrown when another thread asks.
  const auto progress = [](double share) { std::fprintf(stderr, "\r%3.0f %%", 100 * share); };
  std::jthread shutdown([&] { stop.request_stop(); });
  shutdown.join();
  try {
    facenet::Clusterer({.threshold = 1.0F}).cluster(embeddings, progress, stop.get_token());
  } catch (const facenet::Interrupted& interrupted) {
    std::printf("stopped, as asked: %s\n", interrupted.what());
  }
  return 0;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
