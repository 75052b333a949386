// Gallery: keeps known people, and says who an image shows, or that it shows nobody known.
//
//   example_who_is_this [MODEL ROOT PHOTO...]   ROOT holds a folder for each person; MODEL must be calibrated
//                                               without arguments: generated faces, an untrained network
#include <facenet/facenet.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
  const facenet::Model model = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  facenet::Embedder embedder(model);

  // The verifier decides whether the nearest person is near enough. A calibrated model brings its threshold. For the
  // generated faces it is so small that only a picture that is in the gallery already is recognised.
  facenet::Gallery gallery(argc > 1 ? facenet::Verifier(model.calibration()) : facenet::Verifier(1e-6F, "a demo"));

  std::vector<facenet::Image> photos;
  if (argc > 2) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(argv[2])) {
      if (!facenet::is_image_name(file.path())) continue;
      const std::string person = file.path().parent_path().filename().string();
      gallery.add(person, embedder.embed(facenet::Image::open(file.path())));
    }
    for (int i = 3; i < argc; ++i) photos.push_back(facenet::Image::open(argv[i]));
  } else {
    for (int i = 0; i < 18; ++i) {
      gallery.add("person " + std::to_string(i % 6 + 1),
                  embedder.embed(facenet::generate_face(i % 6 + 1, i / 6 + 1, 80).image));
    }
    photos.push_back(facenet::generate_face(4, 2, 80).image);    // in the gallery
    photos.push_back(facenet::generate_face(999, 1, 80).image);  // a stranger
  }
  std::printf("%zu people, %lld images\n", gallery.people().size(), static_cast<long long>(gallery.size()));

  // Any number of threads may ask and change a gallery at once: each answer is that of one moment.
  const std::vector<facenet::Identity> answers = gallery.identify(embedder.embed(photos), /*k=*/3);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    std::printf("photo %zu: %s", i + 1, answers[i].name ? answers[i].name->c_str() : "unknown");
    for (const facenet::Candidate& candidate : answers[i].candidates) {
      std::printf("  [%s %.4f]", candidate.name.c_str(), static_cast<double>(candidate.distance));
    }
    std::printf("\n");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
