// From photographs to embeddings, against what the reference pipeline (MTCNN in PyTorch, OpenCV's warp, ONNX Runtime)
// gave for 200 of them.
#ifdef FACENET_HAVE_ONNX
#include <cmath>
#include <cstdio>

#include <facenet/csv.hpp>
#include <facenet/embeddings.hpp>
#include <facenet/import.hpp>
#include <facenet/recognizer.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "detector.hpp"

namespace facenet {
namespace {

double cosine(std::span<const float> a, std::span<const float> b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

TEST_CASE("recognizer: 200 photographs become the embeddings of the reference pipeline") {
  const auto detector = test::shared_detector();
  if (!detector) return;
  const auto data = *test::shared_data();
  const auto table = CsvTable::open(data / "golden/faces.csv");
  REQUIRE(table.rows.size() == 200);
  const std::size_t x1 = table.column("x1");
  for (const auto& [name, alignment] :
       {std::pair("mobilefacenet-y1", "arcface-112"), std::pair("dlib-face-resnet-v1", "dlib-mtcnn-150")}) {
    const Model model =
        import_model(data / "models" / (std::string(name) + ".onnx"), {.template_name = alignment, .licence = "test"});
    const Embeddings golden = read_npy(data / "golden" / (std::string(name) + ".npy"));
    REQUIRE(golden.size() == 200);
    Recognizer recognizer(model, detector->with({}));
    double least = 1;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      const auto number = [&](std::size_t column) { return static_cast<float>(table.number(row, column)); };
      const std::array<float, 4> box{number(x1), number(x1 + 1), number(x1 + 2), number(x1 + 3)};
      const auto& file = table.rows[row][table.column("file")];
      const auto faces = recognizer.recognize(Image::open(data / "lfw/images" / file));
      const RecognizedFace* face = test::nearest_to(box, faces);
      INFO(name << ", " << file);
      REQUIRE(face != nullptr);
      CHECK(test::overlap(face->box, box) >= 0.95F);
      const double similarity = cosine(face->embedding, golden[row]);
      CHECK(similarity >= 0.998);
      least = std::min(least, similarity);
    }
    std::fprintf(stderr, "golden embeddings from photographs, %s: least cosine %.5f\n", name, least);
  }
}

}  // namespace facenet
#endif
