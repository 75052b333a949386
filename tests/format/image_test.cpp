// Image files: every kind, and every kind of broken.
#include <facenet/image.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/jpeg_segments.hpp"
#include "image_files.hpp"

#ifdef FACENET_HAVE_TURBOJPEG
#include <turbojpeg.h>
#endif

using namespace facenet;
using namespace facenet::test;
using facenet::test::Contains;

namespace {

/// Smooth, with a different colour in each corner, so that JPEG keeps it and a turn shows.
Image picture(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.at(x, y)[0] = static_cast<std::uint8_t>(20 + 200 * x / width);
      image.at(x, y)[1] = static_cast<std::uint8_t>(20 + 200 * y / height);
      image.at(x, y)[2] = static_cast<std::uint8_t>(60 + 100 * (x + y) / (width + height));
    }
  }
  return image;
}

int worst_difference(const Image& a, const Image& b) {
  REQUIRE(a.width() == b.width());
  REQUIRE(a.height() == b.height());
  int worst = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) {
    worst = std::max(worst, std::abs(int{a.pixels()[i]} - int{b.pixels()[i]}));
  }
  return worst;
}

#ifdef FACENET_HAVE_TURBOJPEG
Bytes jpeg(std::vector<std::uint8_t> pixels, int width, int height, int format, int subsampling, int flags = 0) {
  tjhandle encoder = tjInitCompress();
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(encoder, pixels.data(), width, 0, height, format, &memory, &size, subsampling, 95, flags) == 0);
  Bytes bytes(memory, memory + size);
  tjFree(memory);
  tjDestroy(encoder);
  return bytes;
}
#endif

}  // namespace

TEST_CASE("PNG keeps every pixel; JPEG nearly") {
  const Image image = picture(61, 47);
  CHECK(Image::decode(image.encode_png()) == image);
  CHECK(worst_difference(Image::decode(image.encode_jpeg(95)), image) < 16);
  const ScratchFolder folder;
  image.write_png(folder / "a.png");
  CHECK(Image::open(folder / "a.png") == image);
  CHECK_THROWS_AS(image.write_png(folder / "absent/a.png"), IoError);
  CHECK_THROWS_AS(Image().encode_png(), InvalidArgument);
  CHECK_THROWS_AS(image.encode_jpeg(0), InvalidArgument);
}

TEST_CASE("one pixel is an image, in every format") {
  const Image one = Image::from_rgb(std::vector<std::uint8_t>{200, 200, 200}, 1, 1);
  CHECK(Image::decode(one.encode_png()) == one);
  CHECK(worst_difference(Image::decode(one.encode_jpeg(95)), one) < 4);
  CHECK(Image::decode(bmp(1, 1, 24, {200, 200, 200, 0})) == one);
}

TEST_CASE("PNG: grey, 16 bits, alpha on white, palette") {
  const Image gray = Image::decode(png(2, 1, 8, 0, {0, 90, 250}));
  CHECK(gray == Image::from_gray(std::vector<std::uint8_t>{90, 250}, 2, 1));
  const Image deep = Image::decode(png(1, 1, 16, 2, {0, 0x12, 0x34, 0xab, 0xcd, 0xff, 0xff}));
  CHECK(deep == Image::from_rgb(std::vector<std::uint8_t>{0x12, 0xab, 0xff}, 1, 1));
  CHECK(Image::decode(png(1, 1, 16, 0, {0, 0x80, 0x00})) == Image::from_gray(std::vector<std::uint8_t>{0x80}, 1, 1));
  const Image alpha = Image::decode(png(3, 1, 8, 6, {0, 10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128}));
  CHECK(alpha == Image::from_rgb(std::vector<std::uint8_t>{10, 20, 30, 255, 255, 255, 127, 177, 227}, 3, 1));
  const Image gray_alpha = Image::decode(png(2, 1, 8, 4, {0, 77, 255, 77, 0}));
  CHECK(gray_alpha == Image::from_gray(std::vector<std::uint8_t>{77, 255}, 2, 1));
  const Image palette = Image::decode(png(2, 1, 8, 3, {0, 1, 0}, {9, 8, 7, 1, 2, 3}));
  CHECK(palette == Image::from_rgb(std::vector<std::uint8_t>{1, 2, 3, 9, 8, 7}, 2, 1));
}

TEST_CASE("BMP: bottom-up and top-down, 24 and 32 bits") {
  const Bytes rows{1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0};  // two rows of two pixels, blue first, padded
  const Image up = Image::decode(bmp(2, 2, 24, rows));
  CHECK(up == Image::from_rgb(std::vector<std::uint8_t>{9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}, 2, 2));
  const Image down = Image::decode(bmp(2, -2, 24, rows));
  CHECK(down == Image::from_rgb(std::vector<std::uint8_t>{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}, 2, 2));
  CHECK(Image::decode(bmp(1, 1, 32, {30, 20, 10, 0})) == Image::from_rgb(std::vector<std::uint8_t>{10, 20, 30}, 1, 1));
}

#ifdef FACENET_HAVE_TURBOJPEG
TEST_CASE("JPEG: grey, CMYK as Adobe stores it and as the standard means it, progressive") {
  const Bytes gray = jpeg(std::vector<std::uint8_t>(64 * 64, 140), 64, 64, TJPF_GRAY, TJSAMP_GRAY);
  CHECK(int{Image::decode(gray).at(30, 30)[2]} == Approx(140).margin(2));

  // Adobe's inverted inks: C 255 (none), M 128, Y 64, K 200 light.
  std::vector<std::uint8_t> inks;
  for (int i = 0; i < 32 * 32; ++i) inks.insert(inks.end(), {255, 128, 64, 200});
  Bytes cmyk = jpeg(inks, 32, 32, TJPF_CMYK, TJSAMP_444);
  const Image inverted = Image::decode(cmyk);
  CHECK(int{inverted.at(9, 9)[0]} == Approx(200).margin(3));
  CHECK(int{inverted.at(9, 9)[1]} == Approx(100).margin(3));
  CHECK(int{inverted.at(9, 9)[2]} == Approx(50).margin(3));

  // The same values without the Adobe marker are inks as such (and no colour transform): spoil the marker's name.
  const std::string text(cmyk.begin(), cmyk.end());
  const auto marker = text.find("Adobe");
  REQUIRE(marker != text.npos);
  cmyk[marker] = 'a';
  CHECK_NOTHROW(Image::decode(cmyk));

  const Image image = picture(90, 70);
  const Bytes progressive =
      jpeg({image.pixels().begin(), image.pixels().end()}, 90, 70, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE);
  CHECK(worst_difference(Image::decode(progressive), image) < 16);
  for (std::size_t length = 0; length < progressive.size(); length += 7) {
    CHECK_THROWS_AS(Image::decode(std::span(progressive).first(length)), FormatError);
  }
}
#endif

TEST_CASE("JPEG: scans and frames are counted before anything is decoded") {
  const auto marker = [](const Bytes& bytes, std::size_t from, std::uint8_t code) {
    while (bytes[from] != 0xff || bytes[from + 1] != code) ++from;
    return from;
  };
  Bytes file = picture(64, 48).encode_jpeg(90);
#ifdef FACENET_HAVE_TURBOJPEG
  file = jpeg(std::vector<std::uint8_t>(64 * 48 * 3, 90), 64, 48, TJPF_RGB, TJSAMP_444, TJFLAG_PROGRESSIVE);
#endif
  const std::size_t first = marker(file, 0, 0xda);
  const std::size_t end = file.size() - 2;
  const auto with_scans = [&](std::size_t more) {
    Bytes bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::size_t i = 0; i < more; ++i) {
      for (std::size_t at = first; at < end; ++at) bytes.push_back(file[at]);
    }
    append(bytes, {0xff, 0xd9});
    return bytes;
  };
  REQUIRE_NOTHROW(Image::decode(with_scans(0)));
  const Bytes many = with_scans(100);
  CHECK_THROWS_WITH(Image::decode(many, "many.jpg"),
                    Contains("many.jpg") && Contains("scans") && Contains("the limit is 64"));
  // A scan that hides behind stray bytes, padding, restart markers and an end marker inside a segment is counted too.
  Bytes hidden(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(end));
  for (int i = 0; i < 100; ++i) {
    append(hidden, {0x12, 0x00, 0xff, 0xd3, 0xff, 0x00, 0xff, 0xff, 0xfe, 0, 4, 0xff, 0xd9});  // a comment
    for (std::size_t at = first; at < end; ++at) hidden.push_back(file[at]);
  }
  append(hidden, {0xff, 0xd9});
  CHECK_THROWS_WITH(Image::decode(hidden), Contains("scans"));
  // Nor does one behind a marker that has no length, or behind a segment that claims to be shorter than its length.
  for (const Bytes& cover : {Bytes{0xff, 0x01, 0x40, 0x00}, Bytes{0xff, 0x7f, 0x40, 0x00}, Bytes{0xff, 0xe5, 0, 0}}) {
    Bytes covered(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(end));
    for (int i = 0; i < 100; ++i) {
      append(covered, cover);
      for (std::size_t at = first; at < end; ++at) covered.push_back(file[at]);
    }
    append(covered, {0xff, 0xd9});
    CHECK_THROWS_WITH(Image::decode(covered), Contains("scans; the limit"));
  }
  // What follows the end is another file: a thumbnail, a film.
  Bytes album = file;
  append(album, many);
  CHECK_NOTHROW(Image::decode(album));

  // A second frame header before the first scan.
  const Bytes baseline = picture(64, 48).encode_jpeg(90);
  const std::size_t frame = marker(baseline, 0, 0xc0);
  const std::size_t after = frame + 2 + baseline[frame + 2] * 256U + baseline[frame + 3];
  Bytes twice(baseline.begin(), baseline.begin() + static_cast<std::ptrdiff_t>(after));
  append(twice, baseline, frame);
  CHECK_THROWS_WITH(Image::decode(twice), Contains("2 frames"));
}

TEST_CASE("JPEG: what a decoder without checks is given has true lengths and whole tables") {
  const Bytes file = test::with_orientation(picture(37, 29).encode_jpeg(90), 6, true);
  const Bytes plain = checked_jpeg(file, "x.jpg");
  CHECK(plain.size() < file.size());  // no EXIF
  CHECK(Image::decode(plain).width() == 37);
  CHECK(checked_jpeg(plain, "x.jpg") == plain);

  Bytes untidy = {plain.begin(), plain.end() - 2};
  append(untidy, {0xff, 0xff, 0xfe, 0, 5, 0xff, 0xc4, 9, 0x12, 0xff, 0xd3, 0, 0xff, 0xd9, 0xff, 0xc4, 0, 3, 9});
  CHECK(checked_jpeg(untidy, "x.jpg") == plain);

  const std::string_view dht("\xff\xc4");
  const auto table = std::search(plain.begin(), plain.end(), dht.begin(), dht.end(),
                                 [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
  REQUIRE(table != plain.end());
  const auto at = static_cast<std::size_t>(table - plain.begin());
  const auto changed = [&](std::size_t offset, std::uint8_t value) {
    Bytes bytes = plain;
    bytes[at + offset] = value;
    return bytes;
  };
  CHECK_THROWS_WITH(checked_jpeg(changed(4, 0x20), "x.jpg"), Contains("'x.jpg': a Huffman table"));  // a third kind
  CHECK_THROWS_WITH(checked_jpeg(changed(4, 0x04), "x.jpg"), Contains("Huffman"));                   // a fifth table
  CHECK_THROWS_WITH(checked_jpeg(changed(20, 255), "x.jpg"), Contains("Huffman"));  // more codes than there are values
  CHECK_THROWS_WITH(checked_jpeg(changed(2, 255), "x.jpg"), Contains("cut off"));
  Bytes many{0xff, 0xd8, 0xff, 0xc4, 2, 2 + 17 + 14, 0};  // 526 codes in a segment that holds them
  append(many, {0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 16, 0, 0, 0, 0, 0});
  many.resize(many.size() + 526);
  many[4] = static_cast<std::uint8_t>((many.size() - 4) >> 8U);
  many[5] = static_cast<std::uint8_t>(many.size() - 4);
  CHECK_THROWS_WITH(checked_jpeg(many, "x.jpg"), Contains("Huffman"));
}

TEST_CASE("PNG: a stream of zeros for a picture of one pixel takes no more memory than the pixel needs") {
  // 64 MiB deflated to 64 KiB, as zlib would: a stored pixel row, then runs of 258 zeros.
  const Bytes honest = png(1, 1, 8, 2, {0, 1, 2, 3});
  REQUIRE_NOTHROW(Image::decode(honest));
  Bytes bits{0x78, 0x9c};
  std::uint32_t pending = 0;
  int count = 0;
  const auto put = [&](std::uint32_t code, int length) {  // most significant bit first, as codes are
    for (int i = length - 1; i >= 0; --i) {
      pending |= ((code >> i) & 1U) << count;
      if (++count == 8) {
        bits.push_back(static_cast<std::uint8_t>(pending));
        pending = 0;
        count = 0;
      }
    }
  };
  put(1, 1);     // the last block,
  put(2, 2);     // with the fixed codes (01, least significant bit first)
  put(0x30, 8);  // a zero
  for (int i = 0; i < 260'000; ++i) {
    put(0xc5, 8);  // 258 bytes
    put(0, 5);     // from one byte back
  }
  put(0, 7);
  bits.push_back(static_cast<std::uint8_t>(pending));
  Bytes file(honest.begin(), honest.begin() + 33);
  put_chunk(file, "IDAT", bits);
  put_chunk(file, "IEND", {});
  CHECK_THROWS_WITH(Image::decode(file, "bomb.png"), Contains("bomb.png"));
}

TEST_CASE("a PNG whose first IDAT is empty is the same picture") {
  const Bytes whole = png(2, 1, 8, 2, {0, 10, 20, 30, 40, 50, 60});
  Bytes file(whole.begin(), whole.begin() + 33);
  put_chunk(file, "IDAT", {});
  file.insert(file.end(), whole.begin() + 33, whole.end());
  const Image image = Image::decode(file, "empty.png");
  CHECK(std::ranges::equal(image.pixels(), Image::decode(whole, "whole.png").pixels()));
}

TEST_CASE("EXIF orientation, all eight, either byte order") {
  const Image image = picture(48, 32);
  const Bytes plain = image.encode_jpeg(95);
  // Where the stored picture's top left corner must land, and its top right one.
  const auto corner = [&](const Image& shown, bool right, bool bottom) {
    return shown.at(right ? shown.width() - 1 : 0, bottom ? shown.height() - 1 : 0);
  };
  struct Expected {
    bool origin_right, origin_bottom, end_right, end_bottom;
  };
  const Expected expected[9] = {{},
                                {false, false, true, false},
                                {true, false, false, false},
                                {true, true, false, true},
                                {false, true, true, true},
                                {false, false, false, true},
                                {true, false, true, true},
                                {true, true, true, false},
                                {false, true, false, false}};
  for (const bool little : {true, false}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      INFO("orientation " << orientation);
      const Image shown = Image::decode(with_orientation(plain, orientation, little));
      CHECK(shown.width() == (orientation < 5 ? 48 : 32));
      const Expected& e = expected[orientation];
      const std::uint8_t* origin = corner(shown, e.origin_right, e.origin_bottom);
      const std::uint8_t* end = corner(shown, e.end_right, e.end_bottom);
      CHECK((int{origin[0]} < 50 && int{origin[1]} < 50));
      CHECK((int{end[0]} > 190 && int{end[1]} < 50));
    }
  }
  for (const int nonsense : {0, 9, 65535}) {
    CHECK(Image::decode(with_orientation(plain, nonsense, true)) == Image::decode(plain));
  }
}

TEST_CASE("a file cut off anywhere is an error, never a picture with a grey rest") {
  const Image image = picture(64, 48);
  std::vector<Bytes> files{image.encode_jpeg(90), with_orientation(image.encode_jpeg(90), 6, true)};
  files.push_back(png(2, 2, 8, 2, {0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12}));
  files.push_back(bmp(3, 3, 24, Bytes(36, 7)));
  for (const Bytes& file : files) {
    REQUIRE_NOTHROW(Image::decode(file));
    const bool is_png = file[0] == 0x89;
    // The last four bytes of a PNG are the checksum of an empty chunk: nothing of the picture.
    const std::size_t last = file.size() - (is_png ? 4 : 0);
    for (std::size_t length = 0; length < last; ++length) {
      INFO("first byte " << int{file[0]} << ", cut at " << length << " of " << file.size());
      CHECK_THROWS_AS(Image::decode(std::span(file).first(length), "cut"), FormatError);
    }
  }
}

TEST_CASE("JPEG: stray bytes between segments lose nothing, and hide no damage") {
  const Image image = picture(64, 48);
  const Bytes plain = with_orientation(image.encode_jpeg(90), 6, true);  // APP1, then APP0
  const auto with = [&](const Bytes& stray, std::size_t at) {
    Bytes file(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(at));
    append(file, stray);
    append(file, plain, at);
    return file;
  };
  const auto length = [&](std::size_t at) { return std::size_t{2} + plain[at + 2] * 256U + plain[at + 3]; };
  const std::size_t first = 2 + length(2);
  const std::size_t second = first + length(first);
  for (const Bytes& stray : {Bytes{0}, Bytes{1, 2, 3}, Bytes{0xff, 0x00}, Bytes{0xff}}) {
    INFO(stray.size() << " bytes, the first " << int{stray[0]});
    CHECK(Image::decode(with(stray, first)) == Image::decode(plain));
    Bytes file = with(stray, second);
    CHECK(Image::decode(file) == Image::decode(plain));
    // Nearer than the end marker, a restart marker that nothing announced: pixels are lost.
    file[file.size() - 40] = 0xff;
    file[file.size() - 39] = 0xd3;
    CHECK_THROWS_AS(Image::decode(file), FormatError);
  }
}

TEST_CASE("a real photograph cut off at many lengths is refused") {
  const auto data = shared_data();
  if (!data) return;
  const Bytes file = read_file(*data / "lfw/images/AJ_Cook/AJ_Cook_0001.jpg");
  REQUIRE(Image::decode(file).width() == 250);
  for (std::size_t length = 0; length < file.size(); length += 97) {
    CHECK_THROWS_AS(Image::decode(std::span(file).first(length)), FormatError);
  }
}

TEST_CASE("headers that claim 20,000 x 20,000 pixels are refused before memory is taken") {
  CHECK_THROWS_WITH(Image::decode(png(20000, 20000, 8, 2, {0, 1, 2, 3}), "big.png"),
                    Contains("big.png") && Contains("20000x20000") && Contains("limit"));
  CHECK_THROWS_WITH(Image::decode(bmp(20000, 20000, 24, Bytes(12)), "big.bmp"), Contains("20000x20000"));
  CHECK_THROWS_WITH(Image::decode(bmp(20000, -20000, 24, Bytes(12)), "big.bmp"), Contains("20000x20000"));
  Bytes jpeg_file = picture(16, 16).encode_jpeg();
  set_jpeg_size(jpeg_file, 20000, 20000);
  CHECK_THROWS_WITH(Image::decode(jpeg_file, "big.jpg"), Contains("20000x20000"));
  // Both sides allowed, together too many.
  set_jpeg_size(jpeg_file, 16000, 16000);
  CHECK_THROWS_WITH(Image::decode(jpeg_file, "big.jpg"), Contains("megapixels"));
  CHECK_THROWS_AS(Image(20000, 1), InvalidArgument);
  CHECK_THROWS_AS(Image(16000, 16000), InvalidArgument);
  CHECK_THROWS_AS(Image(0, 5), InvalidArgument);
}

TEST_CASE("empty files, other files, folders and absent files say so") {
  const ScratchFolder folder;
  write_file(folder / "empty.jpg", "");
  CHECK_THROWS_WITH(Image::open(folder / "empty.jpg"), Contains("empty.jpg") && Contains("the file is empty"));
  write_file(folder / "text.png", "hello");
  CHECK_THROWS_WITH(Image::open(folder / "text.png"), Contains("not a JPEG, PNG or BMP"));
  CHECK_THROWS_AS(Image::open(folder.path()), IoError);
  CHECK_THROWS_AS(Image::open(folder / "absent.jpg"), IoError);
}

TEST_CASE("flipped bytes give a picture or a FormatError, nothing else") {
  const Image image = picture(40, 30);
  Random random(11);
  int read = 0;
  int refused = 0;
  for (const Bytes& file : {image.encode_jpeg(80), with_orientation(image.encode_jpeg(80), 3, false),
                            image.encode_png(), bmp(3, 3, 24, Bytes(36, 7))}) {
    for (int round = 0; round < 400; ++round) {
      Bytes broken = file;
      for (int k = 0; k < 3; ++k) broken[random.below(broken.size())] = static_cast<std::uint8_t>(random.below(256));
      try {
        read += Image::decode(broken).empty() ? 0 : 1;
      } catch (const FormatError&) {
        ++refused;
      }
    }
  }
  CHECK(read + refused == 1600);
  CHECK(refused > 0);
}

TEST_CASE("crops, mirrors and sizes") {
  const Image image = picture(50, 40);
  CHECK(image.mirrored().mirrored() == image);
  CHECK(image.mirrored().at(0, 5)[0] == image.at(49, 5)[0]);
  CHECK(image.cropped(3, 4, 10, 11).at(2, 2)[1] == image.at(5, 6)[1]);
  CHECK_THROWS_AS(image.cropped(45, 0, 6, 5), InvalidArgument);
  CHECK_THROWS_AS(image.cropped(1, 1, 2147483647, 5), InvalidArgument);
  CHECK(image.centre_crop(1, 40) == image.cropped(5, 0, 40, 40));
  CHECK_THROWS_AS(image.centre_crop(0, 40), InvalidArgument);
  CHECK_THROWS_AS(Image::from_rgb(std::vector<std::uint8_t>(5), 2, 1), InvalidArgument);
  CHECK_THROWS_AS(Image::from_gray(std::vector<std::uint8_t>(5), 2, 1), InvalidArgument);
  CHECK_THROWS_AS(Image().resized(2, 2), InvalidArgument);
}
