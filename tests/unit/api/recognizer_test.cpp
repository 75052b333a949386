// Recognizer: what the parts give one by one.
#include <facenet/recognizer.hpp>

#include <random>

#include <facenet/error.hpp>

#include "api/model_access.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/geometry.hpp"
#include "detector.hpp"
#include "models/architectures.hpp"

namespace facenet {
namespace {

Model aligned_model() {
  const FaceTemplate face = arcface_template(64);
  ModelData data{.graph = models::make_architecture("tiny", {})};
  data.contract.template_points = face.points;
  data.contract.template_name = "arcface";
  return make_model(std::move(data));
}

}  // namespace

TEST_CASE("recognizer: a photograph's faces with their embeddings") {
  const test::ScratchFolder folder;
  save_detector(folder / "d.fnm", test::random_mtcnn(7));
  const DetectorOptions options{.minimum_size = 20, .thresholds = {0.3F, 0.05F, 0.05F}};
  Recognizer recognizer(aligned_model(), Detector::load(folder / "d.fnm", options));
  Image image(150, 130);
  std::mt19937 random(1);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random());

  const auto faces = recognizer.recognize(image);
  const auto found = Detector::load(folder / "d.fnm", options).detect(image);
  REQUIRE(faces.size() == found.size());
  REQUIRE(faces.size() > 3);
  Embedder embedder(recognizer.model());
  for (std::size_t i = 0; i < faces.size(); ++i) {
    CHECK(faces[i].box == found[i].box);
    CHECK(faces[i].landmarks == found[i].landmarks);
    CHECK(faces[i].quality.score == found[i].quality.score);
    const auto alone = embedder.embed(image, found[i].landmarks);
    REQUIRE(faces[i].embedding.size() == alone.size());
    for (std::size_t k = 0; k < alone.size(); ++k) {
      CHECK(faces[i].embedding[k] == Approx(alone[k]).margin(1e-5));
    }
  }
  CHECK(recognizer.recognize(Image(10, 10)).empty());
  CHECK_THROWS_AS(recognizer.recognize(Image()), InvalidArgument);
  CHECK_THROWS_AS(Recognizer(Model::create("tiny"), Detector::load(folder / "d.fnm")), InvalidArgument);
}

}  // namespace facenet
