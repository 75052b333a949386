// NumPy's .npz files: named arrays, each an npy file in a zip archive.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <facenet/embeddings.hpp>

#include "io/safetensors.hpp"

namespace facenet {

/// What numpy.savez and savez_compressed write, up to 4 GiB: arrays of little-endian numbers ("F16", "F32", "F64",
/// "I64", "I32", "U8") and of text ("<U7": seven UTF-32 characters each) in C order. FormatError for anything else, for
/// what does not match its checksum, and where sizes do not add up; no more is allocated than the bytes present can
/// hold.
std::vector<NamedTensor> parse_npz(std::span<const std::uint8_t> bytes, const std::string& name);

/// read_npz (facenet/embeddings.hpp) from memory; `name` stands for the file in messages.
NamedEmbeddings parse_named_embeddings(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
