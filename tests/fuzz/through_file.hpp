// For what is read and written by its path only.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/files.hpp"
#include "targets.hpp"

namespace facenet::fuzz {

inline std::filesystem::path scratch_name(const std::string& ending) {
  return std::filesystem::temp_directory_path() / ("facenet-fuzz-" + std::to_string(::getpid()) + ending);
}

/// A file of this process that every call writes anew; gone at the end.
class OneFile {
 public:
  explicit OneFile(const std::string& ending) : path_(scratch_name(ending)) {}
  ~OneFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  OneFile(const OneFile&) = delete;
  OneFile& operator=(const OneFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Not write_file, which waits for the disk.
  const std::filesystem::path& with(std::span<const std::uint8_t> bytes) const {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path_;
  }

  /// What `write` writes to it.
  template <typename Write>
  Bytes made_by(const Write& write) const {
    write(path_);
    return read_file(path_);
  }

 private:
  std::filesystem::path path_;
};

/// A folder of this process with some files, one of which every call writes anew; gone at the end.
class OneFolder {
 public:
  OneFolder(const std::string& name, const std::vector<std::pair<std::string, std::string>>& files)
      : path_(std::filesystem::temp_directory_path() / ("facenet-fuzz-" + std::to_string(::getpid()) + "-" + name)) {
    for (const auto& [file, text] : files)
      with(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  ~OneFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  OneFolder(const OneFolder&) = delete;
  OneFolder& operator=(const OneFolder&) = delete;

  const std::filesystem::path& with(const std::string& file, std::span<const std::uint8_t> bytes) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path_;
  }

 private:
  std::filesystem::path path_;
};

inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace facenet::fuzz
