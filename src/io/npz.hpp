// NumPy's .npz files: named arrays, each an npy file in a zip archive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/safetensors.hpp"

namespace facenet {

/// What numpy.savez and savez_compressed write, up to 4 GiB: floating point ("F16", "F32", "F64") and integer arrays of
/// little-endian numbers in C order. FormatError for anything else, for what does not match its checksum, and where
/// sizes do not add up; no more is allocated than the bytes present can hold.
std::vector<NamedTensor> parse_npz(std::span<const std::uint8_t> bytes, const std::string& name);
std::vector<NamedTensor> read_npz(const std::filesystem::path& path);

}  // namespace facenet
