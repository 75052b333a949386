// NumPy's .npy files of embeddings: [N,D] float32.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <facenet/embeddings.hpp>

namespace facenet {

/// read_npy (facenet/embeddings.hpp) from memory; `name` stands for the file in messages.
Embeddings parse_npy(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
