// What was built: version, commit, compiler, build type.
#include <string>

#include <facenet/version.hpp>

#include "commit.hpp"

namespace facenet {

const char* version() noexcept { return FACENET_VERSION; }

std::string build_description() {
  std::string text = "FaceNetLib " FACENET_VERSION;
  const std::string commit = FACENET_COMMIT;
  if (!commit.empty()) text += " (" + commit + ")";
#if defined(__clang__)
  text += ", Clang " __clang_version__;
#else
  text += ", GCC " __VERSION__;
#endif
  while (text.back() == ' ') text.pop_back();  // Clang's version may end in a space
  const std::string type = FACENET_BUILD_TYPE;
  if (!type.empty()) text += ", " + type;
  const std::string sanitizers = FACENET_SANITIZE;
  if (!sanitizers.empty()) text += ", sanitizers " + sanitizers;
  return text;
}

}  // namespace facenet
