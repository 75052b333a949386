// Model and Embedder as their users meet them.
#include <facenet/model.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <facenet/embedder.hpp>
#include <facenet/error.hpp>

#include "api/model_access.hpp"
#include "catch.hpp"
#include "data.hpp"
#include "data/geometry.hpp"
#include "networks.hpp"

namespace facenet {
namespace {

Model seasoned_model(bool aligned = true) {
  ModelData data{test::seasoned_network("tiny", nn::Norm::batch), {}, "tiny", "CC0", "random", {}, {}};
  data.contract.crop_fraction = 0.8F;
  if (aligned) {
    data.contract.template_name = "arcface";
    data.contract.template_points = arcface_template(64).points;
  }
  return make_model(std::move(data));
}

Image photograph(int width, int height, int seed) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.at(x, y)[c] = static_cast<std::uint8_t>(128 + 90 * std::sin(0.05 * x * (c + 1) + seed) +
                                                      30 * std::cos(0.11 * y + seed * c));
      }
    }
  }
  return image;
}

std::vector<Image> photographs(std::size_t count) {
  std::vector<Image> images;
  for (std::size_t i = 0; i < count; ++i) images.push_back(photograph(64 + static_cast<int>(i) % 3 * 40, 80, int(i)));
  return images;
}

}  // namespace

TEST_CASE("a created model tells what it is") {
  const Model model = Model::create("nn4", {.embedding_size = 96, .seed = 4});
  CHECK(model.architecture() == "nn4");
  CHECK(model.embedding_size() == 96);
  CHECK(model.input_width() == 96);
  CHECK(model.contract().normalised);
  CHECK_FALSE(model.contract().template_points.has_value());
  const auto layers = model.layers();
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;
  for (const auto& layer : layers) {
    parameters += layer.parameters;
    multiply_adds += layer.multiply_adds;
  }
  CHECK(parameters == model.parameters());
  CHECK(multiply_adds == model.multiply_adds());
  const auto conv1 = std::find_if(layers.begin(), layers.end(), [](const auto& l) { return l.name == "conv1"; });
  REQUIRE(conv1 != layers.end());
  CHECK(conv1->kind == "convolution");
  CHECK(conv1->kernel == "7x7/2");
  CHECK(conv1->shape == std::vector<std::int64_t>{1, 64, 48, 48});
  CHECK(conv1->parameters == 7 * 7 * 3 * 64);
  CHECK(conv1->multiply_adds == std::int64_t{48} * 48 * 7 * 7 * 3 * 64);
  CHECK(model.fingerprint().size() == 64);
  CHECK(model.fingerprint() == Model::create("nn4", {.embedding_size = 96, .seed = 4}).fingerprint());
  CHECK(model.fingerprint() != Model::create("nn4", {.embedding_size = 96, .seed = 5}).fingerprint());
  CHECK(model.describe_plan(2).find("batch 2") != std::string::npos);
  CHECK_THROWS_AS(Model::create("nn99"), InvalidArgument);
  CHECK_THROWS_AS(Model::create("tiny", {.embedding_size = 0}), InvalidArgument);
  const auto names = Model::architectures();
  CHECK(std::find(names.begin(), names.end(), "nn4") != names.end());
}

TEST_CASE("a saved model loads as the same, with its calibration") {
  const test::ScratchFolder scratch;
  Calibration calibration;
  calibration.threshold = 1.25F;
  calibration.far = 1e-2;
  calibration.slope = 7.5;
  calibration.offset = -8;
  calibration.data = "pairs";
  calibration.same_pairs = 10;
  calibration.different_pairs = 200;
  const Model plain = seasoned_model();
  const Model model = plain.with_calibration(calibration).with_notes("Apache-2.0", "faces");
  CHECK_FALSE(plain.calibration().has_value());
  CHECK(model.fingerprint() == plain.fingerprint());
  model.save(scratch / "m.fnm");
  const Model loaded = Model::load(scratch / "m.fnm");
  CHECK(loaded.fingerprint() == model.fingerprint());
  CHECK(loaded.licence() == "Apache-2.0");
  CHECK(loaded.data_notes() == "faces");
  REQUIRE(loaded.calibration().has_value());
  CHECK(loaded.calibration()->threshold == 1.25F);
  CHECK(loaded.calibration()->different_pairs == 200);
  CHECK(loaded.contract().template_points == model.contract().template_points);
  CHECK(loaded.contract().crop_fraction == 0.8F);
  const Image image = photograph(120, 90, 3);
  CHECK(Embedder(loaded).embed(image) == Embedder(model).embed(image));
  CHECK_THROWS_AS(Model::load(scratch / "absent.fnm"), IoError);
}

TEST_CASE("a batch of any size gives what each image gives alone") {
  const Model model = seasoned_model();
  const auto images = photographs(23);
  Embedder single(model, {.threads = 1, .batch = 1});
  for (const bool flip : {false, true}) {
    Embedder one(model, {.batch = 1, .flip = flip});
    Embedder many(model, {.batch = 8, .flip = flip});
    const Embeddings together = many.embed(images);
    REQUIRE(together.size() == images.size());
    REQUIRE(together.dimension == 128);
    for (std::size_t i = 0; i < images.size(); ++i) {
      CHECK(test::largest_difference(one.embed(images[i]), together[i]) < 1e-5F);
      const double length = std::inner_product(together[i].begin(), together[i].end(), together[i].begin(), 0.0);
      CHECK(length == Approx(1).margin(1e-5));
    }
    CHECK(squared_distance(together[0], together[1]) > 1e-3F);
    // The mirror image changes the embedding, but not that of an embedder which averages both.
    const Image mirrored = images[4].mirrored();
    CHECK((squared_distance(many.embed(images[4]), many.embed(mirrored)) < 1e-9F) == flip);
  }
  CHECK(single.embed(std::span<const Image>()).size() == 0);
}

TEST_CASE("images become the network's input as the contract says") {
  const Model model = seasoned_model();
  Embedder embedder(model);
  const Image exact = photograph(64, 64, 1);
  CHECK(embedder.prepare(exact) == exact);
  const Image wide = photograph(200, 100, 2);
  const Image input = embedder.prepare(wide);
  CHECK(input == warp(wide, centre_crop_map({200, 100}, 0.8F, 64), 64, 64));
  CHECK(embedder.embed(wide) == embedder.embed(input));

  Landmarks landmarks = arcface_template(64).points;
  for (std::size_t i = 0; i < 10; ++i) landmarks[i] = landmarks[i] * 1.5F + (i % 2 == 0 ? 40.0F : 10.0F);
  const Image aligned = embedder.prepare(wide, landmarks);
  CHECK(aligned.width() == 64);
  CHECK_FALSE(aligned == input);
  CHECK(embedder.embed(wide, landmarks) == embedder.embed(aligned));
  const Image images[] = {wide, wide};
  const Landmarks both[] = {landmarks, landmarks};
  CHECK(test::largest_difference(embedder.embed(images, both)[1], embedder.embed(aligned)) < 1e-5F);

  CHECK_THROWS_AS(embedder.embed(Image()), InvalidArgument);
  CHECK_THROWS_AS(embedder.embed(images, std::span(both).first(1)), InvalidArgument);
  CHECK_THROWS_AS(Embedder(seasoned_model(false)).embed(wide, landmarks), InvalidArgument);
  CHECK_THROWS_AS(Embedder(model, {.batch = 0}), InvalidArgument);
  CHECK_THROWS_AS(Embedder(model, {.threads = -1}), InvalidArgument);
}

}  // namespace facenet
