// Image::decode: JPEG through libjpeg-turbo (stb_image in a build without it), PNG and BMP through stb_image.
//
// Sizes are checked on the header, before pixels are allocated; a file that is cut off is an error, not a grey patch.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <facenet/error.hpp>
#include <facenet/image.hpp>

#include "data/decode.hpp"
#include "data/exif.hpp"

#ifdef FACENET_HAVE_TURBOJPEG
#include <turbojpeg.h>
#else
#include "data/jpeg_segments.hpp"
#define STBI_ONLY_JPEG
#endif

namespace facenet {
namespace {

// What stb_image may take at once, in this thread, now. A deflate stream may be a thousand times as long as the file:
// what its picture has no use for is refused, however much memory there is.
thread_local std::size_t allowed = 0;

// Zeros: stb_image decodes with tables that the file never defined, and shows what stood in memory there.
void* bounded_malloc(std::size_t size) { return size <= allowed ? std::calloc(size, 1) : nullptr; }
void* bounded_realloc(void* memory, std::size_t size) { return size <= allowed ? std::realloc(memory, size) : nullptr; }

// stb_image copies nothing from nowhere where a PNG's first IDAT is empty, which memcpy must not be asked for.
void* copied(void* to, const void* from, std::size_t size) { return size == 0 ? to : std::memcpy(to, from, size); }

}  // namespace
}  // namespace facenet

#define STBI_MALLOC(size) facenet::bounded_malloc(size)
#define STBI_REALLOC(memory, size) facenet::bounded_realloc(memory, size)
#define STBI_FREE(memory) std::free(memory)
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 65536  // ours are smaller, and their message names the size
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define memcpy(to, from, size) facenet::copied(to, from, size)
#include <stb_image.h>
#undef memcpy

namespace facenet {
namespace {

using Bytes = std::span<const std::uint8_t>;

[[noreturn]] void fail(const std::string& name, const std::string& reason) {
  throw FormatError("cannot read image '" + name + "': " + reason);
}

void check_size(const std::string& name, std::int64_t width, std::int64_t height) {
  if (width >= 1 && height >= 1 && width <= Image::kMaxSide && height <= Image::kMaxSide &&
      width * height <= Image::kMaxPixels) {
    return;
  }
  fail(name, "its header says " + std::to_string(width) + "x" + std::to_string(height) + " pixels; the limit is " +
                 std::to_string(Image::kMaxSide) + " a side and " + std::to_string(Image::kMaxPixels / 1'000'000) +
                 " megapixels. Make it smaller first");
}

// Progressive pictures have some ten scans, the most thorough encoders write a few dozen. Each goes over the whole
// picture however few bytes it has: thousands would keep a decoder busy for hours.
constexpr int kMaxScans = 64;

void check_scans(const std::string& name, const JpegHeader& header) {
  if (header.scans > kMaxScans) {
    fail(name, "it has " + std::to_string(header.scans) + " scans; the limit is " + std::to_string(kMaxScans));
  }
  if (header.frames > 1) fail(name, "it has " + std::to_string(header.frames) + " frames, and a picture has one");
}

std::uint32_t little(Bytes bytes, std::size_t offset, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = (value << 8U) | bytes[offset + i];
  return value;
}

/// stb_image refuses a large header too, but without a word about its size.
void check_png_size(Bytes bytes, const std::string& name) {
  if (bytes.size() < 24) fail(name, "the PNG header is cut off");
  const auto big = [&](std::size_t at) {
    return std::int64_t{bytes[at]} << 24U | bytes[at + 1] << 16U | bytes[at + 2] << 8U | bytes[at + 3];
  };
  check_size(name, big(16), big(20));
}

/// stb_image takes missing BMP pixels for black: look whether the file is as long as its header says.
void check_bmp_length(Bytes bytes, const std::string& name) {
  if (bytes.size() < 30) fail(name, "the BMP header is cut off");
  const bool core = little(bytes, 14, 4) == 12;
  const std::int64_t width = core ? little(bytes, 18, 2) : static_cast<std::int32_t>(little(bytes, 18, 4));
  const std::int64_t height =
      core ? little(bytes, 20, 2) : std::abs(std::int64_t{static_cast<std::int32_t>(little(bytes, 22, 4))});
  const std::int64_t bits = little(bytes, core ? 24 : 28, 2);
  check_size(name, width, height);
  const std::int64_t needed = little(bytes, 10, 4) + (width * bits + 31) / 32 * 4 * height;
  if (std::int64_t(bytes.size()) < needed) {
    fail(name, "the file is cut off: " + std::to_string(bytes.size()) + " of " + std::to_string(needed) + " bytes");
  }
}

Image decode_stb(Bytes bytes, const std::string& name) {
  const int size = static_cast<int>(bytes.size());  // bounded by the caller
  allowed = std::size_t{1} << 20U;                  // for a look at the header
  int width = 0;
  int height = 0;
  int channels = 0;
  if (stbi_info_from_memory(bytes.data(), size, &width, &height, &channels) == 0) fail(name, stbi_failure_reason());
  check_size(name, width, std::abs(std::int64_t{height}));  // a BMP's rows run from the top where it is negative
  // The largest thing that a picture needs: 16 bits of four channels for each pixel, of a JPEG in whole blocks of up to
  // 32x32; or the compressed bytes, in a buffer that doubles as it grows.
  const auto padded = [](int side) { return std::size_t(std::abs(std::int64_t{side})) + 32; };
  allowed = (std::size_t{1} << 20U) + 16 * padded(width) * padded(height) + 2 * bytes.size();
  const std::unique_ptr<stbi_uc, decltype(&std::free)> rgba(
      stbi_load_from_memory(bytes.data(), size, &width, &height, &channels, 4), &std::free);
  if (!rgba) fail(name, std::string(stbi_failure_reason()) + " (damaged or cut off?)");
  Image image(width, height);
  std::uint8_t* out = image.data();
  const std::size_t count = image.pixels().size() / 3;
  for (std::size_t i = 0; i < count; ++i) {
    const stbi_uc* in = rgba.get() + i * 4;
    const int alpha = in[3];
    for (int c = 0; c < 3; ++c) *out++ = static_cast<std::uint8_t>((in[c] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return image;
}

using Divisor = std::function<int(int, int)>;

Decoded whole(Image image) {
  const int width = image.width();
  const int height = image.height();
  return {std::move(image), 1, width, height};
}

#ifdef FACENET_HAVE_TURBOJPEG
Decoded decode_jpeg(Bytes bytes, const JpegHeader& header, const std::string& name, const Divisor& wanted) {
  const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), &tjDestroy);
  if (!decoder) throw std::bad_alloc();
  const auto size = static_cast<unsigned long>(bytes.size());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(decoder.get(), bytes.data(), size, &width, &height, &subsampling, &colours) != 0) {
    fail(name, tjGetErrorStr2(decoder.get()));
  }
  check_size(name, width, height);
  const bool swapped = header.orientation >= 5;
  int divisor = wanted ? wanted(swapped ? height : width, swapped ? width : height) : 1;
  // Turned round, the last pixel of a row, which covers less where the division leaves a rest, would be the first.
  while (header.orientation != 1 && (width % divisor != 0 || height % divisor != 0)) divisor /= 2;
  const bool cmyk = colours == TJCS_CMYK || colours == TJCS_YCCK;
  Image image((width + divisor - 1) / divisor, (height + divisor - 1) / divisor);
  std::vector<std::uint8_t> inks(cmyk ? image.pixels().size() / 3 * 4 : 0);
  const int result = tjDecompress2(decoder.get(), bytes.data(), size, cmyk ? inks.data() : image.data(), image.width(),
                                   0, image.height(), cmyk ? TJPF_CMYK : TJPF_RGB, TJFLAG_ACCURATEDCT);
  if (result != 0) {
    // Stray bytes between segments, which some cameras write, lose nothing. Any other warning means lost pixels.
    const std::string reason = tjGetErrorStr2(decoder.get());
    const bool harmless = tjGetErrorCode(decoder.get()) == TJERR_WARNING && reason.find("extraneous") != reason.npos;
    if (!harmless) fail(name, reason);
  }
  for (std::size_t i = 0; i < inks.size() / 4; ++i) {
    const auto light = [&](std::size_t ink) { return header.adobe ? inks[i * 4 + ink] : 255 - inks[i * 4 + ink]; };
    for (std::size_t c = 0; c < 3; ++c) {
      image.data()[i * 3 + c] = static_cast<std::uint8_t>((light(c) * light(3) + 127) / 255);
    }
  }
  return {std::move(image), divisor, swapped ? height : width, swapped ? width : height};
}
#else
Decoded decode_jpeg(Bytes bytes, const JpegHeader& header, const std::string& name, const Divisor&) {
  Decoded decoded = whole(decode_stb(checked_jpeg(bytes, name), name));
  if (header.orientation >= 5) std::swap(decoded.width, decoded.height);
  return decoded;
}
#endif

/// What EXIF orientation 2 to 8 asks for: where the pixel at (x, y) of the upright image lies in the stored one.
Image upright(Image stored, int orientation) {
  if (orientation == 1) return stored;
  const bool swapped = orientation >= 5;
  Image image(swapped ? stored.height() : stored.width(), swapped ? stored.width() : stored.height());
  const int right = stored.width() - 1;
  const int bottom = stored.height() - 1;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) {
      const int across = swapped ? y : x;
      const int down = swapped ? x : y;
      const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      std::copy_n(stored.at(from_right ? right - across : across, from_bottom ? bottom - down : down), 3,
                  image.at(x, y));
    }
  }
  return image;
}

}  // namespace

Decoded decode_reduced(Bytes bytes, const std::string& name, const Divisor& divisor) {
  const auto starts = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin(),
                                                      [](char a, auto b) { return static_cast<std::uint8_t>(a) == b; });
  };
  if (bytes.empty()) fail(name, "the file is empty");
  if (bytes.size() > std::size_t{0x7fffffff}) fail(name, "the file is larger than 2 GiB");
  if (starts("\xff\xd8\xff")) {
    const JpegHeader header = read_jpeg_header(bytes);
    check_scans(name, header);
    Decoded decoded = decode_jpeg(header.repaired.empty() ? bytes : Bytes(header.repaired), header, name, divisor);
    if (!header.has_end) fail(name, "the JPEG data is cut off (no end marker)");
    decoded.image = upright(std::move(decoded.image), header.orientation);
    return decoded;
  }
  if (starts("\x89PNG\r\n\x1a\n")) {
    check_png_size(bytes, name);
    return whole(decode_stb(bytes, name));
  }
  if (starts("BM")) {
    check_bmp_length(bytes, name);
    return whole(decode_stb(bytes, name));
  }
  fail(name, "it is not a JPEG, PNG or BMP file");
}

Image Image::decode(std::span<const std::uint8_t> bytes, const std::string& name) {
  return decode_reduced(bytes, name, {}).image;
}

}  // namespace facenet
