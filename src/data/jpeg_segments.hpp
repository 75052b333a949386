// The segments of JPEG files: markers of two bytes, 0xff and what they mean, most of them followed by a big-endian
// length that counts itself, and so much content (ITU T.81, annex B).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace facenet {

struct JpegSegment {
  static constexpr std::uint8_t kHuffmanTables = 0xc4;
  static constexpr std::uint8_t kEnd = 0xd9;   ///< of the image; has no content
  static constexpr std::uint8_t kScan = 0xda;  ///< entropy-coded data follow the segment

  std::uint8_t marker = 0;
  std::size_t begin = 0, end = 0;  ///< of its bytes, the marker included
  std::span<const std::uint8_t> content{};
  bool whole = true;  ///< its length is one, and no more than what the file has left
};

/// The first segment from `at` on, found as libjpeg finds it, so that no scan hides from those who count them: bytes
/// that are no marker, entropy-coded data among them, fill, and markers without a length are passed over; a length that
/// cannot be is taken for that of the two bytes it stands in. None when the file holds no more.
std::optional<JpegSegment> next_segment(std::span<const std::uint8_t> bytes, std::size_t at);

/// The picture of a JPEG file without anything else: what a decoder needs, in segments whose lengths are true, Huffman
/// tables of no more codes than there are bytes, nothing between segments, the end at the end. stb_image 2.27 writes
/// beyond its tables where one claims more. FormatError, naming `name`, when a segment or table is none.
std::vector<std::uint8_t> checked_jpeg(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace facenet
