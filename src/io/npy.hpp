// NumPy's .npy files of embeddings: [N,D] float32.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <facenet/embeddings.hpp>

namespace facenet {

/// Format version 1.0, C order. Written whole or not at all; IoError when it cannot be.
void write_npy(const std::filesystem::path& path, const Embeddings& embeddings);

/// Versions 1.0 to 3.0, two dimensions, little-endian float32 in C order; anything else, and a size that is not that of
/// the file, is a FormatError. `name` stands for the file in messages.
Embeddings read_npy(const std::filesystem::path& path);
Embeddings parse_npy(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
