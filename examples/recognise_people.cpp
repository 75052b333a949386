// Gallery: keeps known people, and says who an image shows, or that it shows nobody known.
//
//   example_recognise_people [MODEL ROOT PHOTO...]   ROOT holds a folder for each person; MODEL must be calibrated
//                                                    without arguments: generated faces, an untrained network
#include <facenet/facenet.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

void show(const std::string& photo, const facenet::Identity& identity) {
  std::printf("%s: %s", photo.c_str(), identity.name ? identity.name->c_str() : "unknown");
  for (const facenet::Candidate& candidate : identity.candidates) {
    std::printf("  [%s %.4f]", candidate.name.c_str(), static_cast<double>(candidate.distance));
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  const facenet::Model model = argc > 1 ? facenet::Model::load(argv[1]) : facenet::Model::create("tiny");
  facenet::Embedder embedder(model);

  // The verifier decides whether the nearest person is near enough. A calibrated model brings its threshold. For the
  // generated faces it is so small that only a picture that is in the gallery already is recognised.
  facenet::Gallery gallery(argc > 1 ? facenet::Verifier(model.calibration()) : facenet::Verifier(1e-6F, "a demo"));

  std::vector<facenet::Image> photos;
  if (argc > 2) {
    for (const auto& person : std::filesystem::directory_iterator(argv[2])) {
      if (!person.is_directory()) continue;
      for (const auto& file : std::filesystem::directory_iterator(person)) {
        gallery.add(person.path().filename().string(), embedder.embed(facenet::Image::open(file.path())));
      }
    }
    for (int i = 3; i < argc; ++i) photos.push_back(facenet::Image::open(argv[i]));
  } else {
    for (std::uint64_t person = 1; person <= 6; ++person) {
      for (std::uint64_t image = 1; image <= 3; ++image) {
        gallery.add("person " + std::to_string(person),
                    embedder.embed(facenet::generate_face(person, image, 80).image));
      }
    }
    photos.push_back(facenet::generate_face(4, 2, 80).image);    // in the gallery
    photos.push_back(facenet::generate_face(999, 1, 80).image);  // a stranger
  }
  std::printf("%zu people, %lld images\n", gallery.people().size(), static_cast<long long>(gallery.size()));

  // A gallery may be searched by many threads at once, and changed meanwhile: each answer is that of one moment.
  const facenet::Embeddings probes = embedder.embed(photos);
  std::vector<facenet::Identity> answers(probes.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < probes.size(); ++i) {
      threads.emplace_back([&, i] { answers[i] = gallery.identify(probes[i], /*k=*/3); });
    }
  }
  for (std::size_t i = 0; i < answers.size(); ++i) show("photo " + std::to_string(i + 1), answers[i]);
  return 0;
} catch (const std::filesystem::filesystem_error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
