// A program that knows FaceNetLib by its public headers alone.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include <facenet/facenet.hpp>

int main(int argc, char** argv) {
  if (std::strcmp(facenet::version(), FACENET_VERSION) != 0) {
    std::fprintf(stderr, "headers %s, library %s\n", FACENET_VERSION, facenet::version());
    return 1;
  }
  try {
    throw facenet::FormatError("caught as its base, across the library's border");
  } catch (const facenet::Error& error) {
    std::printf("%s\n", error.what());
  }
  try {
    facenet::Image::decode(std::vector<std::uint8_t>{1, 2, 3}, "three bytes");
    return 1;
  } catch (const facenet::FormatError& error) {  // thrown inside the library this time
    std::printf("%s\n", error.what());
  }

  // The same person or not: a model, two pictures, a threshold and where it comes from.
  const facenet::Model model = facenet::Model::create("tiny");
  facenet::Embedder embedder(model, {.threads = 1});
  const std::vector<float> a = embedder.embed(facenet::generate_face(1, 1, 80).image);
  const std::vector<float> b = embedder.embed(facenet::generate_face(2, 1, 80).image);
  const facenet::Verdict verdict = facenet::Verifier(1.1F, "the caller").verify(a, b);

  std::printf("distance %.4f, threshold %.4f, given by %s\n", static_cast<double>(verdict.distance),
              static_cast<double>(verdict.threshold), verdict.threshold_from.c_str());
  float length = 0;
  for (const float value : a) length += value * value;
  if (a.size() != 128 || std::fabs(length - 1) > 1e-4F) return 1;
  if (verdict.distance <= 0 || verdict.distance > 4 || verdict.same != (verdict.distance <= 1.1F)) return 1;
  if (embedder.embed(facenet::generate_face(1, 1, 80).image) != a) return 1;
  // An ONNX file, by protobuf inside the library; or words that say how to get it.
  try {
    if (argc > 1) model.export_onnx(argv[1]);
  } catch (const facenet::InvalidArgument& error) {
    if (std::strstr(error.what(), "FACENET_WITH_ONNX") == nullptr) return 1;
    std::printf("%s\n", error.what());
  }
  std::printf("%s\n", facenet::build_description().c_str());
  return 0;
}
