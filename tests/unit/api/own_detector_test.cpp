// A detector that is not the library's, with Recognizer: docs/embedding-in-your-app.md quotes it.
#include <cmath>
#include <limits>
#include <memory>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>
#include <facenet/recognizer.hpp>

#include "api/model_access.hpp"
#include "catch.hpp"
#include "data/geometry.hpp"
#include "models/architectures.hpp"

namespace {

// Faces that are known already, from a file say, stand in for a detector.
class KnownFaces final : public facenet::FaceDetector {
 public:
  std::vector<facenet::DetectedFace> faces;  // of the next photograph: box, landmarks, confidence

 protected:
  std::vector<facenet::DetectedFace> find(const facenet::Image&) override { return faces; }
};

}  // namespace

namespace facenet {
namespace {

DetectedFace known(const GeneratedFace& drawn, float confidence) {
  DetectedFace face;
  face.landmarks = drawn.landmarks;
  face.box = {20, 15, 140, 150};
  face.confidence = confidence;
  return face;
}

Model model_of(bool aligned) {
  ModelData data{.graph = models::make_architecture("tiny", {})};
  if (aligned) {
    const FaceTemplate face = arcface_template(64);
    data.contract.template_points = face.points;
    data.contract.template_name = "arcface";
  } else {
    data.contract.margin = 10;
  }
  return make_model(std::move(data));
}

}  // namespace

TEST_CASE("own detector: its faces are aligned, judged and embedded like any") {
  const GeneratedFace drawn = generate_face(3, 1, 160);
  const Image& photograph = drawn.image;
  const Model model = model_of(true);

  const auto detector = std::make_shared<KnownFaces>();
  Recognizer recognizer(model, detector);
  detector->faces = {known(drawn, 0.9F)};
  const auto faces = recognizer.recognize(photograph);

  REQUIRE(faces.size() == 1);
  CHECK(faces[0].box == detector->faces[0].box);
  CHECK(faces[0].confidence == 0.9F);
  CHECK(faces[0].embedding == Embedder(model).embed(photograph, drawn.landmarks));
  CHECK(faces[0].norm > 0);
  CHECK(faces[0].quality.pose > 0.5F);
  CHECK(faces[0].quality.score > 0);
  CHECK((!faces[0].cut_off && !faces[0].tiny));
  CHECK(&recognizer.detector() == detector.get());

  detector->faces.clear();
  CHECK(recognizer.recognize(photograph).empty());
}

TEST_CASE("own detector: order and flags are the library's") {
  const GeneratedFace drawn = generate_face(3, 1, 160);
  KnownFaces detector;
  DetectedFace small = known(drawn, 1);
  small.box = {-100, 0, 20, 100};
  small.tiny = small.blurred = true;  // not asked
  detector.faces = {small, known(drawn, 0.5F)};
  const auto faces = detector.detect(drawn.image);
  REQUIRE(faces.size() == 2);
  CHECK(faces[0].confidence == 0.5F);
  CHECK(faces[1].box == small.box);
  CHECK((faces[1].cut_off && !faces[0].cut_off));
  CHECK((!faces[1].tiny && !faces[1].blurred));
}

TEST_CASE("own detector: boxes alone do for a network that cuts faces out, and for no other") {
  const GeneratedFace drawn = generate_face(3, 1, 160);
  const auto detector = std::make_shared<KnownFaces>();
  detector->faces = {known(drawn, 1)};
  detector->faces[0].landmarks = {};
  const auto faces = Recognizer(model_of(false), detector).recognize(drawn.image);
  REQUIRE(faces.size() == 1);
  CHECK(faces[0].quality.score == 0);
  CHECK((!faces[0].tiny && !faces[0].blurred));
  CHECK(faces[0].embedding == Embedder(model_of(false)).embed(cut_box(drawn.image, faces[0].box, 10, 64)));
  CHECK_THROWS_WITH(Recognizer(model_of(true), detector).recognize(drawn.image),
                    test::Contains("the detector gives none"));
}

TEST_CASE("own detector: what it gives is checked") {
  const GeneratedFace drawn = generate_face(3, 1, 160);
  KnownFaces detector;
  const auto refused = [&](auto&& spoil, const char* why) {
    detector.faces = {known(drawn, 1)};
    spoil(detector.faces[0]);
    CHECK_THROWS_WITH(detector.detect(drawn.image), test::Contains(why));
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  refused([&](auto& face) { face.box[1] = nan; }, "no area");
  refused([&](auto& face) { face.box = {9, 0, 5, 9}; }, "no area");
  refused([&](auto& face) { face.landmarks[4] = nan; }, "not finite");
  refused([&](auto& face) { face.confidence = nan; }, "between 0 and 1");
  refused([&](auto& face) { face.confidence = 1.5F; }, "between 0 and 1");
  refused([&](auto& face) { face.turned = 45; }, "45 degrees");
  CHECK_THROWS_AS(detector.detect(Image()), InvalidArgument);
  CHECK_THROWS_AS(Recognizer(model_of(true), std::shared_ptr<FaceDetector>()), InvalidArgument);
}

}  // namespace facenet
