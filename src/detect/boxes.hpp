// Boxes of faces that may be: overlap, suppression of the lesser ones, squares, parts of an image.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace facenet::detect {

/// x1, y1, x2, y2 in pixels, single precision as in facenet-pytorch: results then agree with it.
struct Candidate {
  std::array<float, 4> box{};
  float score = 0;
  std::array<float, 4> shift{};  ///< of the corners, in the box's sides
};

enum class Overlap { over_union, over_smaller };

/// Goes through the boxes from the highest score to the lowest (of equals the earlier first; over the smaller box the
/// later) and keeps those that no kept one overlaps by more than `threshold`: their indices, in that order. Over the
/// union areas are (x2 - x1)(y2 - y1); over the smaller box one pixel is added to each side.
std::vector<std::size_t> suppress(const std::vector<Candidate>& list, float threshold, Overlap overlap);
/// The kept ones themselves.
std::vector<Candidate> suppressed(const std::vector<Candidate>& list, float threshold,
                                  Overlap overlap = Overlap::over_union);

/// The corners moved by the shift; sides count `extra` more pixels.
std::array<float, 4> shifted(const Candidate& candidate, float extra);
/// The square around the same centre with the longer side.
std::array<float, 4> squared(const std::array<float, 4>& box);

/// A part of an image, whole pixels.
struct Part {
  int x = 0, y = 0, width = 0, height = 0;
  bool empty() const { return width <= 0 || height <= 0; }
};
/// What of a box lies inside an image; a box counts pixels from 1.
Part inside(const std::array<float, 4>& box, int width, int height);

}  // namespace facenet::detect
