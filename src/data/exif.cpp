// JPEG segments: markers of two bytes, then a big-endian length that counts itself (ITU T.81, annex B); EXIF is a small
// TIFF file in segment APP1 (CIPA DC-008).
#include "data/exif.hpp"

#include <algorithm>
#include <string_view>

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

/// What comes from the first scan to the end of the image, by the same rules by which decoders look for markers: what
/// follows the end (a second picture, a film) does not count.
void count_scans(Bytes bytes, JpegHeader& header) {
  for (std::size_t at = header.scan; at + 4 <= bytes.size();) {
    const std::uint8_t marker = bytes[at + 1];
    const bool restart = marker >= 0xd0 && marker <= 0xd7;
    if (bytes[at] != 0xff || marker == 0 || marker == 0xff || restart) {
      ++at;
      continue;
    }
    if (marker == 0xd9) break;
    if (marker == 0xda) ++header.scans;
    if (starts_frame(marker)) ++header.frames;
    const std::size_t length = number(bytes, at + 2, 2, false);
    if (length < 2 || length > bytes.size() - at - 2) break;
    at += 2 + length;
  }
}

}  // namespace

JpegHeader read_jpeg_header(Bytes bytes) {
  JpegHeader header;
  std::size_t at = 2;  // after start-of-image
  bool oriented = false;
  std::size_t copied = 0;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != 0xff || bytes[at + 1] == 0) {  // no marker: stray bytes
      header.repaired.insert(header.repaired.end(), bytes.begin() + static_cast<std::ptrdiff_t>(copied),
                             bytes.begin() + static_cast<std::ptrdiff_t>(at));
      ++at;
      while (at < bytes.size() && bytes[at] != 0xff) ++at;
      copied = at;
      continue;
    }
    const std::uint8_t marker = bytes[at + 1];
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    if (marker == 0xda) {
      header.scan = at;
      break;
    }
    if (starts_frame(marker)) ++header.frames;
    const std::size_t length = number(bytes, at + 2, 2, false);
    if (length < 2 || length > bytes.size() - at - 2) break;
    const Bytes content = bytes.subspan(at + 4, length - 2);
    if (marker == 0xe1 && !oriented && starts_with(content, std::string_view("Exif\0\0", 6))) {
      header.orientation = orientation(content.subspan(6));
      oriented = true;
    } else if (marker == 0xee && starts_with(content, "Adobe")) {
      header.adobe = true;
    }
    at += 2 + length;
  }
  if (copied != 0) {
    header.repaired.insert(header.repaired.end(), bytes.begin() + static_cast<std::ptrdiff_t>(copied), bytes.end());
  }
  if (header.scan != 0) {
    count_scans(bytes, header);
    // Inside entropy-coded data 0xff is followed by 0 or a restart marker: 0xff 0xd9 can only be the end.
    static constexpr std::uint8_t kEnd[] = {0xff, 0xd9};
    const auto rest = bytes.subspan(header.scan);
    header.has_end = std::search(rest.rbegin(), rest.rend(), std::rbegin(kEnd), std::rend(kEnd)) != rest.rend();
  }
  return header;
}

}  // namespace facenet
