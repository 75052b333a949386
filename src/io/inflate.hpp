// Decompression of deflate streams (RFC 1951), and the checksum that goes with them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace facenet {

/// `compressed` is one raw deflate stream, without a zlib or gzip header. FormatError, with `what` in front, unless it
/// is whole and gives exactly `size` bytes; a size that no stream of that length can give is refused before memory is
/// allocated for it.
std::vector<std::uint8_t> inflate(std::span<const std::uint8_t> compressed, std::uint64_t size,
                                  const std::string& what);

/// CRC-32 as zip, gzip and PNG use it.
std::uint32_t crc32(std::span<const std::uint8_t> bytes);

}  // namespace facenet
