// Embedder: turns images into embeddings, as one batch and on several threads, and writes them as a NumPy file.
//
//   example_embed_faces [MODEL OUT.npy IMAGE...]     without arguments: generated faces, a network that has learnt
//   nothing
#include <facenet/facenet.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <thread>
#include <vector>

int main(int argc, char** argv) try {
  const facenet::Model model = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");

  // One bad file should not stop the others: an Error concerns the file that its message names.
  std::vector<facenet::Image> images;
  for (int i = 3; i < argc; ++i) {
    try {
      images.push_back(facenet::Image::open(argv[i]));
    } catch (const facenet::Error& error) {
      std::fprintf(stderr, "left out: %s\n", error.what());
    }
  }
  for (std::uint64_t i = 0; argc == 1 && i < 20; ++i) images.push_back(facenet::generate_face(i / 4, i % 4, 80).image);

  // The real call takes many images. Inside it uses as many threads as it is given.
  facenet::Embedder embedder(model, {.threads = 2, .batch = 16});
  const facenet::Embeddings batch = embedder.embed(images);

  // The other way, for a server: an Embedder belongs to one thread. Each thread makes its own, which is cheap, as all
  // share the model's weights and compiled plans.
  std::vector<std::vector<float>> single(images.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t first = 0; first < 2; ++first) {
      threads.emplace_back([&, first] {
        facenet::Embedder own(model, {.threads = 1});
        for (std::size_t i = first; i < images.size(); i += 2) single[i] = own.embed(images[i]);
      });
    }
  }  // jthread joins here. What throws inside a thread must be caught inside it: images here are known to be good.

  // A batch gives the numbers of one by one, within 1e-5.
  float difference = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (std::size_t j = 0; j < batch.dimension; ++j) {
      difference = std::max(difference, std::fabs(batch[i][j] - single[i][j]));
    }
  }
  std::printf("%zu images, %zu numbers each; batch and one by one agree within 1e-5: %s\n", batch.size(),
              batch.dimension, difference <= 1e-5F ? "yes" : "no");
  if (batch.size() > 1) {
    std::printf("squared distance of the first two: %.4f (0: the same image, 4: the furthest there is)\n",
                static_cast<double>(facenet::squared_distance(batch[0], batch[1])));
  }
  if (argc > 2) facenet::write_npy(argv[2], batch);
  return difference <= 1e-5F ? 0 : 1;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
