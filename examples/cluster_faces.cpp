// Clusterer: sorts photographs into groups of one person each, without knowing anybody.
//
//   example_cluster_faces [MODEL IMAGE...]      without arguments: generated faces, a network that has learnt nothing
#include <facenet/facenet.hpp>

#include <cstdio>
#include <stop_token>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const facenet::Model model = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  std::vector<facenet::Image> images;
  std::vector<std::string> names;
  for (int i = 2; i < argc; ++i) {
    images.push_back(facenet::Image::open(argv[i]));
    names.emplace_back(argv[i]);
  }
  for (std::uint64_t i = 0; argc == 1 && i < 24; ++i) {
    images.push_back(facenet::generate_face(i / 6, i % 6, 80).image);
    names.push_back("person " + std::to_string(i / 6) + ", image " + std::to_string(i % 6));
  }
  const facenet::Embeddings embeddings = facenet::Embedder(model).embed(images);

  // How far apart may two groups be and still be one person? A calibrated model knows. Otherwise say how many there
  // are.
  facenet::Clusterer::Parameters parameters{.method = facenet::ClusterMethod::average};
  if (model.calibration()) {
    parameters.threshold = model.calibration()->threshold;
  } else {
    parameters.clusters = 4;
  }
  const facenet::Clusterer clusterer(parameters);

  // What may take long takes a progress callback and a stop token. Interrupted is thrown when another thread asks.
  std::stop_source stop;
  const auto progress = [](double share) { std::fprintf(stderr, "\r%3.0f %%", 100 * share); };
  const facenet::Clustering found = clusterer.cluster(embeddings, progress, stop.get_token());
  std::fprintf(stderr, "\n");

  // Groups are numbered by falling size; the medoid is the image that stands for its group best.
  for (std::int32_t cluster = 0; cluster < found.clusters(); ++cluster) {
    const auto c = static_cast<std::size_t>(cluster);
    std::printf("group %d: %d images, most typical: %s\n", cluster, found.sizes[c],
                names[static_cast<std::size_t>(found.medoids[c])].c_str());
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (found.labels[i] != cluster) continue;
      std::printf("  %s%s\n", names[i].c_str(), found.outlier[i] > 0.5F ? "  (doubtful)" : "");
    }
  }
  std::printf("%zu images in %d groups\n", images.size(), found.clusters());
  return 0;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
