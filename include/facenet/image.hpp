// Image: pixels in memory, read from and written to files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <facenet/export.hpp>

namespace facenet {

/// Five points of a face in pixels, each x then y: the eye on the viewer's left, the other eye, the tip of the nose,
/// the corner of the mouth on the viewer's left, the other corner. (0, 0) is the centre of the top left pixel.
using Landmarks = std::array<float, 10>;

/// An RGB image of 8 bits a channel, [H,W,3] interleaved, rows from the top, no padding. A plain value: copies are
/// deep; concurrent reads are safe.
class FACENET_API Image {
 public:
  /// Larger images are refused from their header, before memory is taken for their pixels.
  static constexpr int kMaxSide = 16384;
  static constexpr std::int64_t kMaxPixels = 100'000'000;

  /// No pixels: width and height are 0.
  Image() = default;
  /// Black. InvalidArgument when a side is below 1 or the image is larger than the limits above.
  Image(int width, int height);

  /// Reads a JPEG, PNG or BMP file, told apart by their content. The result is upright (EXIF orientation of JPEG is
  /// applied) and RGB whatever the file holds: grey, palette, 16 bits and CMYK are converted; what is transparent is
  /// laid on white. Embedded colour profiles are not applied. IoError when the file cannot be read; FormatError, with
  /// the reason, when it is no such image, is damaged or cut off, or is larger than the limits above.
  static Image open(const std::filesystem::path& path);
  /// The same from memory; `name` stands for the file in messages.
  static Image decode(std::span<const std::uint8_t> bytes, const std::string& name = "image");

  /// Copies width * height * 3 values, or width * height for grey. InvalidArgument when the count is another.
  static Image from_rgb(std::span<const std::uint8_t> rgb, int width, int height);
  static Image from_gray(std::span<const std::uint8_t> gray, int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }
  bool empty() const { return pixels_.empty(); }
  /// All width * height * 3 bytes.
  std::span<const std::uint8_t> pixels() const { return pixels_; }
  std::span<std::uint8_t> pixels() { return pixels_; }
  const std::uint8_t* data() const { return pixels_.data(); }
  std::uint8_t* data() { return pixels_.data(); }
  /// The three bytes of a pixel; x and y must be inside.
  const std::uint8_t* at(int x, int y) const { return pixels_.data() + offset(x, y); }
  std::uint8_t* at(int x, int y) { return pixels_.data() + offset(x, y); }

  /// The whole image at another size: triangle filter, widened when shrinking, so that nothing aliases.
  Image resized(int width, int height) const;
  /// A part; InvalidArgument unless it lies inside.
  Image cropped(int x, int y, int width, int height) const;
  /// The largest centred square times `fraction` (above 0, up to 1), resized to size x size.
  Image centre_crop(float fraction, int size) const;
  /// Left and right exchanged.
  Image mirrored() const;

  /// A PNG file, written whole or not at all. IoError when it cannot be written.
  void write_png(const std::filesystem::path& path) const;
  std::vector<std::uint8_t> encode_png() const;
  /// JPEG, quality 1 to 100.
  std::vector<std::uint8_t> encode_jpeg(int quality = 90) const;

  bool operator==(const Image&) const = default;

 private:
  std::size_t offset(int x, int y) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)) * 3;
  }

  int width_ = 0;
  int height_ = 0;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace facenet
