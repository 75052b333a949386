// Image: construction, crops and mirrors. Decoding, encoding and resizing have files of their own.
#include <facenet/image.hpp>

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "data/decode.hpp"

namespace facenet {
namespace {

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

}  // namespace

Image::Image(int width, int height) : width_(width), height_(height) {
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide || std::int64_t{width} * height > kMaxPixels) {
    throw InvalidArgument("an image of " + size_text(width, height) + " pixels cannot be made: each side is 1 to " +
                          std::to_string(kMaxSide) + ", and all pixels at most " + std::to_string(kMaxPixels));
  }
  pixels_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
}

Image Image::open(const std::filesystem::path& path) {
  return decode(read_file(path, kMaxPhotographBytes), printable(path));
}

Image Image::from_rgb(std::span<const std::uint8_t> rgb, int width, int height) {
  Image image(width, height);
  if (rgb.size() != image.pixels_.size()) {
    throw InvalidArgument("Image::from_rgb: " + std::to_string(rgb.size()) + " bytes given, " +
                          size_text(width, height) + " RGB pixels need " + std::to_string(image.pixels_.size()));
  }
  std::copy(rgb.begin(), rgb.end(), image.pixels_.begin());
  return image;
}

Image Image::from_gray(std::span<const std::uint8_t> gray, int width, int height) {
  Image image(width, height);
  if (gray.size() * 3 != image.pixels_.size()) {
    throw InvalidArgument("Image::from_gray: " + std::to_string(gray.size()) + " bytes given, " +
                          size_text(width, height) + " grey pixels need " + std::to_string(image.pixels_.size() / 3));
  }
  for (std::size_t i = 0; i < gray.size(); ++i) std::fill_n(image.pixels_.begin() + std::ptrdiff_t(i) * 3, 3, gray[i]);
  return image;
}

Image Image::cropped(int x, int y, int width, int height) const {
  if (x < 0 || y < 0 || width < 1 || height < 1 || width > width_ - x || height > height_ - y) {
    throw InvalidArgument("Image::cropped: " + size_text(width, height) + " pixels at (" + std::to_string(x) + ", " +
                          std::to_string(y) + ") do not lie inside an image of " + size_text(width_, height_));
  }
  Image part(width, height);
  for (int row = 0; row < height; ++row) std::copy_n(at(x, y + row), width * 3, part.at(0, row));
  return part;
}

Image Image::centre_crop(float fraction, int size) const {
  if (!(fraction > 0 && fraction <= 1)) {
    throw InvalidArgument("Image::centre_crop: fraction " + std::to_string(fraction) + " is not above 0 and up to 1");
  }
  const int side = std::max(1, static_cast<int>(std::lround(fraction * static_cast<float>(std::min(width_, height_)))));
  return cropped((width_ - side) / 2, (height_ - side) / 2, side, side).resized(size, size);
}

Image Image::mirrored() const {
  Image result = *this;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) std::copy_n(at(x, y), 3, result.at(width_ - 1 - x, y));
  }
  return result;
}

}  // namespace facenet
