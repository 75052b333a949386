// Image::resized, through stb_image_resize.
#include <new>

#include <facenet/error.hpp>
#include <facenet/image.hpp>

#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb_image_resize.h>

namespace facenet {

Image Image::resized(int width, int height) const {
  if (empty()) throw InvalidArgument("an image without pixels cannot be resized");
  Image result(width, height);
  if (width == width_ && height == height_) return *this;
  // The triangle filter is bilinear when growing, and as wide as the pixels it replaces when shrinking.
  const int done = stbir_resize_uint8_generic(data(), width_, height_, 0, result.data(), width, height, 0, 3,
                                              STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE,
                                              STBIR_COLORSPACE_LINEAR, nullptr);
  if (done == 0) throw std::bad_alloc();
  return result;
}

}  // namespace facenet
