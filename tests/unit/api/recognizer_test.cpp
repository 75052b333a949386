// Recognizer: what the parts give one by one.
#include <facenet/recognizer.hpp>

#include <algorithm>
#include <cmath>
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
    CHECK(faces[i].norm == Approx(embedder.norms()[0]).epsilon(1e-4));
    for (std::size_t k = 0; k < alone.size(); ++k) {
      CHECK(faces[i].embedding[k] == Approx(alone[k]).margin(1e-5));
    }
  }
  CHECK(recognizer.recognize(Image(10, 10)).empty());
  CHECK_THROWS_AS(recognizer.recognize(Image()), InvalidArgument);
  CHECK_THROWS_AS(Recognizer(Model::create("tiny"), Detector::load(folder / "d.fnm")), InvalidArgument);
}

TEST_CASE("recognizer: of a calibrated model the embedding counts for the quality") {
  const test::ScratchFolder folder;
  save_detector(folder / "d.fnm", test::random_mtcnn(7));
  const DetectorOptions options{.minimum_size = 20, .thresholds = {0.3F, 0.05F, 0.05F}};
  Image image(150, 130);
  std::mt19937 random(1);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random());
  const Model plain = aligned_model();
  const auto before = Recognizer(plain, Detector::load(folder / "d.fnm", options)).recognize(image);
  REQUIRE(before.size() > 3);
  std::vector<float> norms;
  for (const auto& face : before) {
    CHECK_FALSE(face.quality.norm);
    norms.push_back(face.norm);
  }
  Calibration calibration;
  calibration.data = "test";
  const float longest = *std::max_element(norms.begin(), norms.end());
  calibration.norm = 0.9F * longest;
  plain.with_calibration(calibration).save(folder / "m.fnm");
  const auto after =
      Recognizer(Model::load(folder / "m.fnm"), Detector::load(folder / "d.fnm", options)).recognize(image);
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    REQUIRE(after[i].quality.norm);
    const float norm = std::min(1.0F, norms[i] / (0.9F * longest));
    CHECK(*after[i].quality.norm == Approx(norm).epsilon(1e-3));
    CHECK(after[i].quality.score == Approx(before[i].quality.score * norm * norm).margin(1e-4));
  }
}

TEST_CASE("recognizer: a network whose faces are cut out along the box") {
  const test::ScratchFolder folder;
  save_detector(folder / "d.fnm", test::random_mtcnn(7));
  const DetectorOptions options{.minimum_size = 20, .thresholds = {0.3F, 0.05F, 0.05F}};
  ModelData data{.graph = models::make_architecture("tiny", {})};
  data.contract.margin = 14;
  make_model(std::move(data)).save(folder / "m.fnm");
  const Model model = Model::load(folder / "m.fnm");
  REQUIRE(model.contract().margin == 14);
  Image image(150, 130);
  std::mt19937 random(1);
  for (auto& value : image.pixels()) value = static_cast<std::uint8_t>(random());

  Recognizer recognizer(model, Detector::load(folder / "d.fnm", options));
  const auto faces = recognizer.recognize(image);
  REQUIRE(faces.size() > 3);
  Embedder embedder(model);
  for (const auto& face : faces) {
    const Image cut = cut_box(image, face.box, 14, 64, face.turned / 90);
    CHECK(embedder.prepare(image, face) == cut);
    const auto alone = embedder.embed(cut);
    for (std::size_t k = 0; k < alone.size(); ++k) CHECK(face.embedding[k] == Approx(alone[k]).margin(1e-5));
  }
  CHECK_THROWS_AS(embedder.prepare(image, faces[0].landmarks), InvalidArgument);
  CHECK_THROWS_AS(Embedder(Model::create("tiny")).prepare(image, faces[0]), InvalidArgument);
  const Embedder aligned(aligned_model());
  CHECK(aligned.prepare(image, faces[0]) == aligned.prepare(image, faces[0].landmarks));
}

TEST_CASE("embedder: how long embeddings were before they were brought to unit length") {
  Graph graph = models::make_architecture("tiny", {});
  REQUIRE(graph.nodes().back().op->name() == "l2_normalize");
  Graph raw = graph.clone();
  raw.set_output(raw.nodes().back().src[0]);
  ModelData with{.graph = std::move(graph)};
  ModelData without{.graph = std::move(raw)};
  std::vector<Image> images;
  std::mt19937 random(4);
  for (int i = 0; i < 5; ++i) {
    images.emplace_back(64, 64);
    for (auto& value : images.back().pixels())
      value = static_cast<std::uint8_t>(random() % (51U * (1U + images.size())));
  }
  const Model raw_model = make_model(std::move(without));
  const Model model = make_model(std::move(with));
  for (const bool flip : {false, true}) {
    Embedder plain(raw_model, {.batch = 4});
    Embedder unit(model, {.batch = 4, .flip = flip});
    const Embeddings lengths = plain.embed(images);
    REQUIRE(unit.norms().empty());
    unit.embed(images);
    REQUIRE(unit.norms().size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
      double wanted = std::sqrt(squared_distance(lengths[i], std::vector<float>(lengths.dimension)));
      CHECK(plain.norms()[i] == Approx(wanted).epsilon(1e-5));
      if (flip) {
        const auto mirrored = plain.embed(images[i].mirrored());
        wanted = (wanted + std::sqrt(squared_distance(mirrored, std::vector<float>(mirrored.size())))) / 2;
        plain.embed(images);
      }
      CHECK(unit.norms()[i] == Approx(wanted).epsilon(1e-4));
    }
  }
}

}  // namespace facenet
