// Clusterer: sorts the photographs of a folder into groups of one person each, without knowing anybody.
//
//   example_cluster_folder [MODEL FOLDER]       without arguments: generated faces, a network that has learnt nothing
#include <facenet/facenet.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const facenet::Model model = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  std::vector<facenet::Image> images;
  std::vector<std::string> names;
  if (argc > 2) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(argv[2])) {
      if (!facenet::is_image_name(file.path())) continue;
      images.push_back(facenet::Image::open(file.path()));
      names.push_back(file.path().string());
    }
  }
  for (int i = 0; argc == 1 && i < 24; ++i) {
    images.push_back(facenet::generate_face(i / 6, i % 6, 80).image);
    names.push_back("person " + std::to_string(i / 6) + ", image " + std::to_string(i % 6));
  }
  // The real call takes many images. Inside it uses as many threads as it is given.
  facenet::Embedder embedder(model, {.threads = 2, .batch = 16});
  const facenet::Embeddings embeddings = embedder.embed(images);

  // How far apart may two groups be and still be one person? A calibrated model knows. Otherwise say how many there
  // are.
  facenet::Clusterer::Parameters parameters{.method = facenet::ClusterMethod::average};
  if (model.calibration()) {
    parameters.threshold = model.calibration()->threshold;
  } else {
    parameters.clusters = 4;
  }
  const facenet::Clustering found = facenet::Clusterer(parameters).cluster(embeddings);

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
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
