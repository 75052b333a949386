// Image: opens a photograph, looks at its pixels, cuts out its middle, and meets a file that is damaged.
//
//   example_open_image [PHOTO [OUT.png]]        without a photograph: a generated face
#include <facenet/facenet.hpp>

#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

int main(int argc, char** argv) try {
  // open() goes by what is in the file, not by its name, and gives an upright RGB image whatever the file holds.
  const facenet::Image photo =
      argc > 1 ? facenet::Image::open(argv[1]) : facenet::generate_face(/*person_seed=*/7, /*image_seed=*/1, 160).image;
  const std::uint8_t* rgb = photo.at(photo.width() / 2, photo.height() / 2);
  std::printf("%d x %d pixels, in the middle red %d, green %d, blue %d\n", photo.width(), photo.height(), rgb[0],
              rgb[1], rgb[2]);

  // An image is a value, like a number: what changes it gives a new one, and a copy is a copy.
  const facenet::Image face = photo.centre_crop(0.8F, 96);
  std::printf("the middle 80 %%, at %d x %d; mirrored twice it is %s\n", face.width(), face.height(),
              face.mirrored().mirrored() == face ? "the same" : "another");
  if (argc > 2) face.write_png(argv[2]);

  // Encoding and decoding work in memory too. PNG loses nothing.
  const std::vector<std::uint8_t> png = face.encode_png();
  if (facenet::Image::decode(png) != face) return 1;
  std::printf("as PNG %zu bytes, as JPEG %zu\n", png.size(), face.encode_jpeg(90).size());

  // A file that is cut off is refused, never shown half. What is thrown says which file and why.
  try {
    facenet::Image::decode(std::span(png).first(png.size() / 2), "half.png");
    return 1;
  } catch (const facenet::FormatError& error) {
    std::printf("refused: %s\n", error.what());
  }
  return 0;
} catch (const facenet::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
