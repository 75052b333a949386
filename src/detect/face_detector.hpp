// What all detectors have in common.
#pragma once

#include <vector>

#include <facenet/detector.hpp>

namespace facenet::detect {

/// The largest box first; of equals, the earlier one.
void sort_by_size(std::vector<DetectedFace>& faces);

}  // namespace facenet::detect
