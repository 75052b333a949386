// Pictures: JPEG by the decoder of this build, PNG and BMP by stb_image, and what a JPEG's segments say.
#include <facenet/image.hpp>

#include "../format/image_files.hpp"
#include "data/exif.hpp"
#include "targets.hpp"

#ifdef FACENET_HAVE_TURBOJPEG
#include <turbojpeg.h>
#endif

namespace facenet::fuzz {
namespace {

Image picture(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.at(x, y)[0] = static_cast<std::uint8_t>(x * 11 + y);
      image.at(x, y)[1] = static_cast<std::uint8_t>(x ^ (y * 7));
      image.at(x, y)[2] = static_cast<std::uint8_t>(200 - x);
    }
  }
  return image;
}

std::vector<Bytes> jpegs() {
  const Image image = picture(37, 29);
  std::vector<Bytes> files{image.encode_jpeg(60), picture(8, 8).encode_jpeg(95),
                           test::with_orientation(image.encode_jpeg(40), 6, true)};
#ifdef FACENET_HAVE_TURBOJPEG
  struct Kind {
    int format, subsampling, flags;
  };
  for (const Kind& kind : {Kind{TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE}, Kind{TJPF_GRAY, TJSAMP_GRAY, 0},
                           Kind{TJPF_CMYK, TJSAMP_444, TJFLAG_PROGRESSIVE}, Kind{TJPF_RGB, TJSAMP_440, 0}}) {
    tjhandle encoder = tjInitCompress();
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    const std::vector<std::uint8_t> pixels(40 * 24 * 4, 90);
    if (tjCompress2(encoder, pixels.data(), 40, 0, 24, kind.format, &memory, &size, kind.subsampling, 70, kind.flags) ==
        0) {
      files.emplace_back(memory, memory + size);
    }
    tjFree(memory);
    tjDestroy(encoder);
  }
#endif
  return files;
}

std::vector<Bytes> pngs() {
  return {picture(21, 13).encode_png(), test::png(1, 1, 16, 2, {0, 0x12, 0x34, 0xab, 0xcd, 0xff, 0xff}),
          test::png(3, 1, 8, 6, {0, 10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128}),
          test::png(2, 2, 8, 4, {1, 77, 255, 77, 0, 2, 1, 2, 3, 4}),
          test::png(2, 1, 8, 3, {0, 1, 0}, {9, 8, 7, 1, 2, 3})};
}

std::vector<Bytes> bmps() {
  return {test::bmp(3, 3, 24, Bytes(36, 7)), test::bmp(2, -2, 24, Bytes(16, 9)), test::bmp(2, 2, 32, Bytes(16, 200))};
}

void decode(std::span<const std::uint8_t> bytes) { Image::decode(bytes, "fuzz"); }
void segments(std::span<const std::uint8_t> bytes) { read_jpeg_header(bytes); }

constexpr Target kTargets[] = {
    {"jpeg", jpegs, decode}, {"png", pngs, decode}, {"bmp", bmps, decode}, {"exif", jpegs, segments}};

}  // namespace

std::span<const Target> image_targets() { return kTargets; }

}  // namespace facenet::fuzz
