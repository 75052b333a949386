// Decoding no more of a photograph than is wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <facenet/image.hpp>

namespace facenet {

/// A 100-megapixel photograph of pure noise, as PNG, still fits.
inline constexpr std::uint64_t kMaxPhotographBytes = std::uint64_t{400} << 20U;

struct Decoded {
  Image image;
  int divisor = 1;            ///< the image has 1 / divisor of the photograph's pixels along each side, rounded up
  int width = 0, height = 0;  ///< of the photograph, upright
};

/// As Image::decode. `divisor` says for a width and height by how much less will do: 1, 2, 4 or 8. Only a JPEG is ever
/// decoded smaller, by libjpeg-turbo, which then computes fewer pixels of each block; pixel x of the result covers the
/// photograph's pixels from divisor * x on.
Decoded decode_reduced(std::span<const std::uint8_t> bytes, const std::string& name,
                       const std::function<int(int width, int height)>& divisor);

}  // namespace facenet
