// JPEG files taken apart, and put together again for a decoder that trusts what it reads.
#include "data/jpeg_segments.hpp"

#include <algorithm>
#include <numeric>

#include <facenet/error.hpp>

namespace facenet {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool is_restart(std::uint8_t marker) { return marker >= 0xd0 && marker <= 0xd7; }
/// Has no length: a byte that was stuffed, what is reserved, restart, start of image, fill.
bool stands_alone(std::uint8_t marker) {
  return marker < 0xc0 || is_restart(marker) || marker == 0xd8 || marker == 0xff;
}
/// For applications, but for JFIF's and Adobe's, which say what colours mean; and comments.
bool is_note(std::uint8_t marker) { return marker == 0xfe || (marker >= 0xe1 && marker <= 0xef && marker != 0xee); }

/// Each table: its kind and number in a byte, how many codes there are of 1 to 16 bits, and their values.
bool are_huffman_tables(Bytes content) {
  while (!content.empty()) {
    if (content.size() < 17 || content[0] >> 4U > 1 || (content[0] & 15U) > 3) return false;
    const auto counts = content.subspan(1, 16);
    const std::size_t codes = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    if (codes > 256 || codes > content.size() - 17) return false;
    content = content.subspan(17 + codes);
  }
  return true;
}

}  // namespace

std::optional<JpegSegment> next_segment(Bytes bytes, std::size_t at) {
  while (at + 1 < bytes.size() && (bytes[at] != 0xff || stands_alone(bytes[at + 1]))) ++at;
  if (at + 1 >= bytes.size()) return std::nullopt;
  JpegSegment segment{.marker = bytes[at + 1], .begin = at, .end = at + 2};
  if (segment.marker == JpegSegment::kEnd) return segment;
  const std::size_t left = bytes.size() - segment.end;
  const std::size_t length = left < 2 ? 0 : bytes[at + 2] * std::size_t{256} + bytes[at + 3];
  segment.whole = length >= 2 && length <= left;
  segment.end += std::min(std::max<std::size_t>(length, 2), left);
  segment.content = bytes.first(segment.end).subspan(std::min(at + 4, segment.end));
  return segment;
}

std::vector<std::uint8_t> checked_jpeg(Bytes bytes, const std::string& name) {
  const auto fail = [&](const char* why) { throw FormatError("cannot read image '" + name + "': " + why); };
  std::vector<std::uint8_t> result{0xff, 0xd8};
  const auto take = [&](std::size_t from, std::size_t to) {
    result.insert(result.end(), bytes.begin() + static_cast<std::ptrdiff_t>(from),
                  bytes.begin() + static_cast<std::ptrdiff_t>(to));
  };
  std::size_t at = 2;  // after start-of-image
  for (auto s = next_segment(bytes, at); s && s->marker != JpegSegment::kEnd; s = next_segment(bytes, at)) {
    if (!s->whole) fail("a segment is cut off or damaged");
    if (s->marker == JpegSegment::kHuffmanTables && !are_huffman_tables(s->content)) fail("a Huffman table is damaged");
    if (!is_note(s->marker)) take(s->begin, s->end);
    at = s->end;
    if (s->marker != JpegSegment::kScan) continue;
    // Its data: there, 0xff is followed by 0 or by a restart marker.
    while (at + 1 < bytes.size() && (bytes[at] != 0xff || bytes[at + 1] == 0 || is_restart(bytes[at + 1]))) ++at;
    take(s->end, at);
  }
  result.insert(result.end(), {0xff, JpegSegment::kEnd});
  return result;
}

}  // namespace facenet
