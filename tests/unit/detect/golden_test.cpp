// The detector against what MTCNN in PyTorch found in 200 photographs, and on photographs that are no easy ones.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <facenet/csv.hpp>
#include <facenet/detector.hpp>

#include "catch.hpp"
#include "data.hpp"
#include "detector.hpp"

namespace facenet {
namespace {

using Box = std::array<float, 4>;

float overlap(const Box& a, const Box& b) {
  const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const auto area = [](const Box& x) { return (x[2] - x[0]) * (x[3] - x[1]); };
  return width * height / (area(a) + area(b) - width * height);
}

// The shared networks through a detector file.
std::optional<Detector> shared_detector(const test::ScratchFolder& folder, const DetectorOptions& options = {}) {
  const auto weights = test::shared_mtcnn();
  if (!weights) return std::nullopt;
  save_detector(folder / "mtcnn.fnm", *weights);
  return Detector::load(folder / "mtcnn.fnm", options);
}

}  // namespace

TEST_CASE("detector: 200 photographs as MTCNN in PyTorch sees them") {
  const test::ScratchFolder folder;
  auto detector = shared_detector(folder);
  if (!detector) return;
  const auto data = *test::shared_data();
  const auto table = CsvTable::open(data / "golden" / "faces.csv");
  REQUIRE(table.rows.size() == 200);
  const std::size_t x1 = table.column("x1");
  const std::size_t first = table.column("left_eye_x");
  double points = 0;
  float least = 1;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const auto number = [&](std::size_t column) { return static_cast<float>(table.number(row, column)); };
    const Box wanted{number(x1), number(x1 + 1), number(x1 + 2), number(x1 + 3)};
    const auto& file = table.rows[row][table.column("file")];
    const auto faces = detector->detect(Image::open(data / "lfw" / "images" / file));
    const auto best = std::max_element(faces.begin(), faces.end(), [&](const auto& a, const auto& b) {
      return overlap(a.box, wanted) < overlap(b.box, wanted);
    });
    INFO(file);
    REQUIRE(best != faces.end());
    CHECK(overlap(best->box, wanted) > 0.95F);
    least = std::min(least, overlap(best->box, wanted));
    CHECK(std::abs(best->confidence - number(table.column("probability"))) < 0.01F);
    CHECK(best->turned == 0);
    for (std::size_t i = 0; i < 10; ++i) points += std::abs(best->landmarks[i] - number(first + i));
  }
  const double mean = points / 2000;
  UNSCOPED_INFO("least overlap " << least << ", points " << mean << " pixels away");
  CHECK(mean < 1);
  if (std::getenv("FACENET_TEST_VERBOSE") != nullptr) WARN("least overlap " << least << ", points " << mean);
}

}  // namespace facenet
