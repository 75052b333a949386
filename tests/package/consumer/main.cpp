// A program that knows FaceNetLib by its public headers alone.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include <facenet/embeddings.hpp>
#include <facenet/error.hpp>
#include <facenet/version.hpp>

int main() {
  if (std::strcmp(facenet::version(), FACENET_VERSION) != 0) {
    std::fprintf(stderr, "headers %s, library %s\n", FACENET_VERSION, facenet::version());
    return 1;
  }
  try {
    throw facenet::FormatError("caught as its base, across the library's border");
  } catch (const facenet::Error& error) {
    std::printf("%s\n", error.what());
  }
  facenet::Embeddings embeddings;
  embeddings.append(std::vector<float>{0.6F, 0.8F});
  embeddings.append(std::vector<float>{0.8F, -0.6F});
  const float distance = facenet::squared_distance(embeddings[0], embeddings[1]);
  std::printf("squared distance of two perpendicular unit vectors: %.3f\n", static_cast<double>(distance));
  if (std::fabs(distance - 2.0F) > 1e-6F) return 1;
  std::printf("%s\n", facenet::build_description().c_str());
  return 0;
}
