// Images to PNG and JPEG.
#include <memory>

#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "base/files.hpp"

#ifdef FACENET_HAVE_TURBOJPEG
#include <turbojpeg.h>
#endif

#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

namespace facenet {
namespace {

void append(void* context, void* data, int size) {
  auto& bytes = *static_cast<std::vector<std::uint8_t>*>(context);
  const auto* from = static_cast<const std::uint8_t*>(data);
  bytes.insert(bytes.end(), from, from + size);
}

void require_pixels(const Image& image) {
  if (image.empty()) throw InvalidArgument("an image without pixels cannot be encoded");
}

}  // namespace

std::vector<std::uint8_t> Image::encode_png() const {
  require_pixels(*this);
  std::vector<std::uint8_t> bytes;
  if (stbi_write_png_to_func(&append, &bytes, width_, height_, 3, data(), width_ * 3) == 0) throw std::bad_alloc();
  return bytes;
}

std::vector<std::uint8_t> Image::encode_jpeg(int quality) const {
  require_pixels(*this);
  if (quality < 1 || quality > 100) {
    throw InvalidArgument("JPEG quality " + std::to_string(quality) + " is not within 1 to 100");
  }
#ifdef FACENET_HAVE_TURBOJPEG
  const std::unique_ptr<void, decltype(&tjDestroy)> encoder(tjInitCompress(), &tjDestroy);
  if (!encoder) throw std::bad_alloc();
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  const int result = tjCompress2(encoder.get(), data(), width_, 0, height_, TJPF_RGB, &memory, &size, TJSAMP_420,
                                 quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(memory, &tjFree);
  if (result != 0) throw Error(std::string("JPEG encoding failed: ") + tjGetErrorStr2(encoder.get()));
  return {memory, memory + size};
#else
  std::vector<std::uint8_t> bytes;
  if (stbi_write_jpg_to_func(&append, &bytes, width_, height_, 3, data(), quality) == 0) throw std::bad_alloc();
  return bytes;
#endif
}

void Image::write_png(const std::filesystem::path& path) const {
  const std::vector<std::uint8_t> bytes = encode_png();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

}  // namespace facenet
