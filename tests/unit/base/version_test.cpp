// The version that the library says.
#include <string>

#include <facenet/version.hpp>

#include "catch.hpp"

TEST_CASE("headers and library agree on the version") {
  CHECK(std::string(facenet::version()) == FACENET_VERSION);
  CHECK(std::string(FACENET_VERSION) == std::to_string(FACENET_VERSION_MAJOR) + "." +
                                            std::to_string(FACENET_VERSION_MINOR) + "." +
                                            std::to_string(FACENET_VERSION_PATCH));
}

TEST_CASE("the build describes itself in one line with version and compiler") {
  const std::string text = facenet::build_description();
  CHECK(text.find(std::string("FaceNetLib ") + FACENET_VERSION) == 0);
  CHECK((text.find("GCC ") != std::string::npos || text.find("Clang ") != std::string::npos));
  CHECK(text.find('\n') == std::string::npos);
}
