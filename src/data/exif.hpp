// What a JPEG file's header segments say about how to show it: EXIF orientation, and whose CMYK it is.
//
// An own reader of one tag and one marker, with no dependency: libexif parses all of EXIF, allocates from what the file
// claims, and cannot tell the Adobe marker, for which the segments have to be walked anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace facenet {

struct JpegHeader {
  int orientation = 1;   ///< EXIF tag 0x0112, 1 to 8; 1 when absent or nonsense
  bool adobe = false;    ///< an Adobe marker: CMYK values are stored inverted
  bool has_end = false;  ///< an end-of-image marker follows the first scan
  int scans = 0;         ///< start-of-scan markers up to the end of the image
  int frames = 0;        ///< start-of-frame markers up to there: 1 in a picture
  /// The file without the stray bytes between its segments, which some cameras write; empty when there are none. A
  /// decoder would warn of them, and of the first thing only: a later warning, of lost pixels, would go unseen.
  std::vector<std::uint8_t> repaired{};
};

/// Never reads outside `bytes`, allocates at most a copy of them, and accepts any content.
JpegHeader read_jpeg_header(std::span<const std::uint8_t> bytes);

}  // namespace facenet
