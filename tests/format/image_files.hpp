// Image files made byte by byte, for tests.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace facenet::test {

using Bytes = std::vector<std::uint8_t>;

/// A loop: GCC 12 sees an overflow in vector::insert where there is none.
inline void append(Bytes& out, const Bytes& more, std::size_t from = 0) {
  for (std::size_t i = from; i < more.size(); ++i) out.push_back(more[i]);
}

inline void put_big(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

inline void put_little(Bytes& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

inline void put_chunk(Bytes& out, std::string_view type, const Bytes& content) {
  put_big(out, static_cast<std::uint32_t>(content.size()));
  Bytes body(type.begin(), type.end());
  append(body, content);
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint8_t byte : body) {
    crc ^= byte;
    for (int k = 0; k < 8; ++k) crc = (crc >> 1U) ^ (0xedb88320U & (0U - (crc & 1U)));
  }
  append(out, body);
  put_big(out, ~crc);
}

/// A PNG whose rows (each with its filter byte) are stored without compression.
inline Bytes png(std::uint32_t width, std::uint32_t height, std::uint8_t bits, std::uint8_t colour, const Bytes& rows,
                 const Bytes& palette = {}) {
  Bytes out{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Bytes header;
  put_big(header, width);
  put_big(header, height);
  append(header, {bits, colour, 0, 0, 0});
  put_chunk(out, "IHDR", header);
  if (!palette.empty()) put_chunk(out, "PLTE", palette);
  Bytes data{0x78, 0x01, 0x01};
  put_little(data, static_cast<std::uint32_t>(rows.size()), 2);
  put_little(data, ~static_cast<std::uint32_t>(rows.size()), 2);
  append(data, rows);
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : rows) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  put_big(data, (b << 16U) | a);
  put_chunk(out, "IDAT", data);
  put_chunk(out, "IEND", {});
  return out;
}

/// An uncompressed BMP; a negative height means rows from the top.
inline Bytes bmp(std::int32_t width, std::int32_t height, int bits, const Bytes& rows) {
  Bytes out{'B', 'M'};
  put_little(out, static_cast<std::uint32_t>(54 + rows.size()), 4);
  put_little(out, 0, 4);
  put_little(out, 54, 4);
  put_little(out, 40, 4);
  put_little(out, static_cast<std::uint32_t>(width), 4);
  put_little(out, static_cast<std::uint32_t>(height), 4);
  put_little(out, 1, 2);
  put_little(out, static_cast<std::uint32_t>(bits), 2);
  for (int i = 0; i < 6; ++i) put_little(out, 0, 4);
  append(out, rows);
  return out;
}

/// The JPEG file with an EXIF segment in front that holds just an orientation.
inline Bytes with_orientation(const Bytes& jpeg, int orientation, bool little) {
  Bytes tiff = little ? Bytes{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0}
                      : Bytes{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1};
  const auto value = static_cast<std::uint32_t>(orientation);
  const auto low = static_cast<std::uint8_t>(value);
  const auto high = static_cast<std::uint8_t>(value >> 8U);
  append(tiff, {little ? low : high, little ? high : low, 0, 0, 0, 0, 0, 0});
  Bytes out{0xff, 0xd8, 0xff, 0xe1, 0, static_cast<std::uint8_t>(tiff.size() + 8), 'E', 'x', 'i', 'f', 0, 0};
  append(out, tiff);
  append(out, jpeg, 2);
  return out;
}

/// Overwrites the size in the frame header of a baseline JPEG.
inline void set_jpeg_size(Bytes& jpeg, int width, int height) {
  for (std::size_t i = 2; i + 9 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0) {
      jpeg[i + 5] = static_cast<std::uint8_t>(height >> 8);
      jpeg[i + 6] = static_cast<std::uint8_t>(height);
      jpeg[i + 7] = static_cast<std::uint8_t>(width >> 8);
      jpeg[i + 8] = static_cast<std::uint8_t>(width);
      return;
    }
  }
  std::abort();
}

}  // namespace facenet::test
