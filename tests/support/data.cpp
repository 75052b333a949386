// Test data and scratch folders.
#include "data.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace facenet::test {

std::filesystem::path source_dir() {
  if (const char* set = std::getenv("FACENET_SOURCE_DIR")) return set;
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

std::optional<std::filesystem::path> shared_data() {
  const char* set = std::getenv("FACENET_TEST_DATA");
  std::filesystem::path path = set != nullptr ? set : source_dir() / "../shared/data";
  if (std::filesystem::is_directory(path)) return path;
  std::fprintf(stderr, "SKIPPED: needs the test data, absent at %s (set FACENET_TEST_DATA)\n", path.c_str());
  return std::nullopt;
}

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "facenet-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a scratch folder");
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace facenet::test
