// JPEG files taken apart and put together again, for a decoder that trusts what it reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace facenet {

/// The picture of a JPEG file without anything else: what a decoder needs, in segments whose lengths are true, Huffman
/// tables of no more codes than there are bytes, nothing between segments, the end at the end. stb_image 2.27 writes
/// beyond its tables where one claims more. FormatError, naming `name`, when a segment or table is none.
std::vector<std::uint8_t> checked_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
