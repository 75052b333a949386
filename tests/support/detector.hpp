// MTCNN for tests: from the shared networks, or made up.
#pragma once

#include <optional>

#include "io/detector_file.hpp"

namespace facenet::test {

/// The weights of the shared mtcnn-*.onnx; nullopt, said on standard error, when they (or ONNX) are absent.
std::optional<DetectorData> shared_mtcnn();

/// Weights of the right names and shapes, drawn at random.
DetectorData random_mtcnn(std::uint64_t seed);

}  // namespace facenet::test
