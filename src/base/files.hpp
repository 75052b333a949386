// Whole files in and out: bounded reads; writes that are there whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/files.hpp>

namespace facenet {

/// All bytes of a regular file. IoError when missing, unreadable or a folder; FormatError when larger than `limit`.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 34U);

/// A file being written under a temporary name in its own folder; `commit` flushes it to the disk and renames it.
/// Destroyed uncommitted, nothing is left. A device or pipe (/dev/stdout) is written directly.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool direct_ = false;
};

}  // namespace facenet
