// One model, an embedder for each thread.
#include <facenet/embedder.hpp>

#include <thread>

#include "api/model_access.hpp"
#include "catch.hpp"
#include "networks.hpp"

namespace facenet {

TEST_CASE("threads with an embedder each share a model") {
  const Model model = make_model({test::seasoned_network("tiny", nn::Norm::batch), {}, "tiny", {}, {}, {}, {}});
  std::vector<Image> images;
  for (std::uint64_t i = 0; i < 5; ++i) {
    images.push_back(Image::from_rgb(test::random_images(model.impl().data.graph, 1, i), 64, 64));
  }
  const Embeddings expected = Embedder(model, {.threads = 1, .batch = 4}).embed(images);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      const Model own = model;
      Embedder embedder(own, {.threads = 1, .batch = 4});
      for (int round = 0; round < 5; ++round) {
        if (embedder.embed(images).values != expected.values) ++wrong[t];
      }
      if (own.fingerprint() != model.fingerprint()) ++wrong[t];
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}

}  // namespace facenet
