// Markers are two bytes, 0xff and what they mean; all but a few are followed by a length that counts itself (ITU T.81,
// annex B). In a scan, 0xff is followed by 0 or by a restart marker.
#include "data/jpeg_segments.hpp"

#include <numeric>

#include <facenet/error.hpp>

namespace facenet {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kHuffmanTables = 0xc4;
constexpr std::uint8_t kEnd = 0xd9;
constexpr std::uint8_t kScan = 0xda;

bool is_restart(std::uint8_t marker) { return marker >= 0xd0 && marker <= 0xd7; }
/// Stands alone, and says nothing of use between segments: a byte that was stuffed, fill, restart, start of image.
bool is_stray(std::uint8_t marker) { return marker <= 1 || marker == 0xff || marker == 0xd8 || is_restart(marker); }
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

std::vector<std::uint8_t> checked_jpeg(Bytes bytes, const std::string& name) {
  const auto fail = [&](const char* why) { throw FormatError("cannot read image '" + name + "': " + why); };
  std::vector<std::uint8_t> result{0xff, 0xd8};
  const auto take = [&](std::size_t from, std::size_t to) {
    result.insert(result.end(), bytes.begin() + static_cast<std::ptrdiff_t>(from),
                  bytes.begin() + static_cast<std::ptrdiff_t>(to));
  };
  std::size_t at = 2;  // after start-of-image
  while (at + 1 < bytes.size()) {
    const std::uint8_t marker = bytes[at + 1];
    if (bytes[at] != 0xff || is_stray(marker)) {
      ++at;
      continue;
    }
    if (marker == kEnd) break;
    const std::size_t length = bytes.size() - at < 4 ? 0 : bytes[at + 2] * std::size_t{256} + bytes[at + 3];
    if (length < 2 || length > bytes.size() - at - 2) fail("a segment is cut off or damaged");
    if (marker == kHuffmanTables && !are_huffman_tables(bytes.subspan(at + 4, length - 2))) {
      fail("a Huffman table is damaged");
    }
    if (!is_note(marker)) take(at, at + 2 + length);
    at += 2 + length;
    if (marker != kScan) continue;
    const std::size_t begin = at;
    while (at + 1 < bytes.size() && (bytes[at] != 0xff || bytes[at + 1] == 0 || is_restart(bytes[at + 1]))) ++at;
    take(begin, at);
  }
  result.insert(result.end(), {0xff, kEnd});
  return result;
}

}  // namespace facenet
