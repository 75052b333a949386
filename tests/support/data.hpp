// Where tests find things: the shared photographs and networks (absent on most machines), and scratch folders.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace facenet::test {

/// The folder of test data (FACENET_TEST_DATA, else ../shared/data beside the sources); nullopt, said on standard
/// error, when it is absent: the test then returns at once.
std::optional<std::filesystem::path> shared_data();

/// The root of the source tree.
std::filesystem::path source_dir();

/// A fresh folder that is removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace facenet::test
