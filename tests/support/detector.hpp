// MTCNN for tests: from the shared networks, or made up.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <facenet/detector.hpp>

#include "data.hpp"
#include "io/detector_file.hpp"

namespace facenet::test {

/// The weights of the shared mtcnn-*.onnx; nullopt, said on standard error, when they (or ONNX) are absent.
std::optional<DetectorData> shared_mtcnn();

/// The shared networks through a detector file.
std::optional<Detector> shared_detector(const DetectorOptions& options = {});

/// What two boxes share, divided by what they cover.
float overlap(const std::array<float, 4>& a, const std::array<float, 4>& b);
/// The face that overlaps the box most; null without faces.
template <typename Face>
const Face* nearest_to(const std::array<float, 4>& box, const std::vector<Face>& faces) {
  const auto best = std::max_element(faces.begin(), faces.end(), [&](const Face& a, const Face& b) {
    return overlap(a.box, box) < overlap(b.box, box);
  });
  return best == faces.end() ? nullptr : &*best;
}

/// Weights of the right names and shapes, drawn at random.
DetectorData random_mtcnn(std::uint64_t seed);

}  // namespace facenet::test
