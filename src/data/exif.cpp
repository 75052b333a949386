// EXIF is a small TIFF file in a JPEG file's segment APP1 (CIPA DC-008).
#include "data/exif.hpp"

#include <algorithm>
#include <string_view>

#include "data/jpeg_segments.hpp"

namespace facenet {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool starts_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin(),
                                                   [](char a, std::uint8_t b) { return std::uint8_t(a) == b; });
}

/// A number of `count` bytes at `offset`; 0 outside.
std::uint32_t number(Bytes bytes, std::size_t offset, std::size_t count, bool little) {
  if (offset > bytes.size() || count > bytes.size() - offset) return 0;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = (value << 8U) | bytes[offset + (little ? count - 1 - i : i)];
  return value;
}

/// The orientation entry of the first directory of a TIFF block.
int orientation(Bytes tiff) {
  const bool little = starts_with(tiff, "II");
  if (!little && !starts_with(tiff, "MM")) return 1;
  const std::size_t directory = number(tiff, 4, 4, little);
  const std::size_t entries = number(tiff, directory, 2, little);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * 12;
    if (entry + 12 > tiff.size()) break;
    if (number(tiff, entry, 2, little) != 0x0112) continue;
    const std::uint32_t value = number(tiff, entry + 8, 2, little);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

/// 0xc0 to 0xcf are start-of-frame markers, but for those of tables: Huffman, an extension, arithmetic coding.
bool starts_frame(std::uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

}  // namespace

JpegHeader read_jpeg_header(Bytes bytes) {
  JpegHeader header;
  bool oriented = false;
  std::size_t scan = 0;    // where the first one begins
  std::size_t copied = 0;  // what is before is repaired already
  std::size_t at = 2;      // after start-of-image
  const auto repair_up_to = [&](std::size_t end) {
    header.repaired.insert(header.repaired.end(), bytes.begin() + static_cast<std::ptrdiff_t>(copied),
                           bytes.begin() + static_cast<std::ptrdiff_t>(end));
  };
  // What follows the end (a second picture, a film) does not count.
  for (auto s = next_segment(bytes, at); s && s->marker != JpegSegment::kEnd; s = next_segment(bytes, at)) {
    if (header.scans == 0 && s->begin != at) {
      repair_up_to(at);
      copied = s->begin;
    }
    at = s->end;
    if (starts_frame(s->marker)) ++header.frames;
    if (s->marker == JpegSegment::kScan && header.scans++ == 0) scan = s->begin;
    if (header.scans > 0) continue;
    if (s->marker == 0xe1 && !oriented && starts_with(s->content, std::string_view("Exif\0\0", 6))) {
      header.orientation = orientation(s->content.subspan(6));
      oriented = true;
    } else if (s->marker == 0xee && starts_with(s->content, "Adobe")) {
      header.adobe = true;
    }
  }
  if (copied != 0) repair_up_to(bytes.size());
  if (scan != 0) {
    // Inside entropy-coded data 0xff is followed by 0 or a restart marker: 0xff 0xd9 can only be the end.
    static constexpr std::uint8_t kEnd[] = {0xff, JpegSegment::kEnd};
    const auto rest = bytes.subspan(scan);
    header.has_end = std::search(rest.rbegin(), rest.rend(), std::rbegin(kEnd), std::rend(kEnd)) != rest.rend();
  }
  return header;
}

}  // namespace facenet
