// Embedder::open: a file's face, and JPEGs that are decoded smaller.
#include <algorithm>
#include <cmath>

#include <facenet/dataset.hpp>
#include <facenet/embedder.hpp>

#include "api/model_access.hpp"
#include "base/files.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/decode.hpp"
#include "data/geometry.hpp"
#include "image_files.hpp"
#include "models/architectures.hpp"

namespace facenet::test {
namespace {

Model aligned_model() {
  ModelData data{.graph = models::make_architecture("tiny", {})};
  data.contract.template_points = arcface_template(64).points;
  data.contract.template_name = "arcface";
  return make_model(std::move(data));
}

double mean_difference(const Image& a, const Image& b) {
  REQUIRE(a.width() == b.width());
  REQUIRE(a.height() == b.height());
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) sum += std::abs(int{a.pixels()[i]} - int{b.pixels()[i]});
  return sum / static_cast<double>(a.pixels().size());
}

void write(const std::filesystem::path& path, const Bytes& bytes) {
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// A drawn face and its landmarks on a picture of an odd size, whose division leaves a rest.
GeneratedFace large_face() { return generate_face(3, 1, 1003); }

}  // namespace

TEST_CASE("a JPEG decoded smaller is the picture made smaller", "[data]") {
  const Image image = large_face().image.cropped(0, 0, 1003, 761);
  const Bytes plain = image.encode_jpeg(95);
  for (const int divisor : {1, 2, 4, 8}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      INFO("divisor " << divisor << ", orientation " << orientation);
      const Bytes file = with_orientation(plain, orientation, true);
      int width = 0, height = 0;
      const Decoded decoded = decode_reduced(file, "face", [&](int w, int h) {
        width = w, height = h;
        return divisor;
      });
      const Image whole = Image::decode(file);
      CHECK(decoded.width == whole.width());
      CHECK(decoded.height == whole.height());
#ifdef FACENET_HAVE_TURBOJPEG
      CHECK((width == whole.width() && height == whole.height()));
      CHECK(decoded.divisor == (orientation == 1 ? divisor : 1));  // 1003 is odd
#endif
      CHECK(decoded.image.width() == (whole.width() + decoded.divisor - 1) / decoded.divisor);
      const int w = whole.width() / decoded.divisor;
      const int h = whole.height() / decoded.divisor;
      const Image expected = whole.cropped(0, 0, w * decoded.divisor, h * decoded.divisor).resized(w, h);
      CHECK(mean_difference(decoded.image.cropped(0, 0, w, h), expected) < 1.5);
    }
  }
  const Bytes even = with_orientation(image.cropped(0, 0, 992, 752).encode_jpeg(95), 6, false);
  const Decoded turned = decode_reduced(even, "face", [](int, int) { return 8; });
#ifdef FACENET_HAVE_TURBOJPEG
  CHECK(turned.divisor == 8);
  CHECK((turned.image.width() == 94 && turned.image.height() == 124));
#endif
  CHECK((turned.width == 752 && turned.height == 992));
}

TEST_CASE("a file's face is the same as that of the image, and nearly so where it is decoded smaller", "[data]") {
  const ScratchFolder scratch;
  const GeneratedFace face = large_face();
  write(scratch / "face.jpg", face.image.encode_jpeg(95));
  face.image.write_png(scratch / "face.png");
  const Model model = aligned_model();
  const Embedder plain(model);
  const Embedder scaled(model, {.scaled_decoding = true});
  for (const char* name : {"face.jpg", "face.png"}) {
    INFO(name);
    const bool jpeg = std::string(name) == "face.jpg";
    const Image image = Image::open(scratch / name);
    CHECK(plain.open(scratch / name).image == plain.prepare(image));
    CHECK(plain.open(scratch / name, face.landmarks).image == plain.prepare(image, face.landmarks));
    CHECK(plain.open(scratch / name).region == plain.region(image));
    for (const bool aligned : {false, true}) {
      const PreparedFace near = aligned ? scaled.open(scratch / name, face.landmarks) : scaled.open(scratch / name);
      const Image right = aligned ? plain.prepare(image, face.landmarks) : plain.prepare(image);
      CHECK(near.region == (aligned ? plain.region(image, face.landmarks) : plain.region(image)));
      CHECK(mean_difference(near.image, right) < 1.5);
#ifdef FACENET_HAVE_TURBOJPEG
      CHECK((near.image == right) == !jpeg);  // it was decoded smaller
#endif
    }
  }
  // An input's size, or little more: nothing to be gained.
  write(scratch / "small.jpg", face.image.resized(200, 180).encode_jpeg(95));
  CHECK(scaled.open(scratch / "small.jpg").image == plain.open(scratch / "small.jpg").image);
}

}  // namespace facenet::test
