// Files for a program around the library: writes that are there whole or not at all, and paths in messages.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <facenet/export.hpp>

namespace facenet {

/// Writes a file under a temporary name in its own folder, flushes it to the disk, and renames it. IoError when it
/// cannot be written: nothing is left then, and a former file stays as it was. Devices and pipes are written directly.
FACENET_API void write_file(const std::filesystem::path& path, std::string_view content);

/// Throws IoError unless a file could be made at `path` now: said before hours of work, not after.
FACENET_API void require_writable(const std::filesystem::path& path);

/// A path as it may be shown in a message: control bytes escaped, so that a hostile file name cannot drive a terminal.
FACENET_API std::string printable(const std::filesystem::path& path);

}  // namespace facenet
