// Boxes.
#include "detect/boxes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace facenet::detect {
namespace {

float area(const std::array<float, 4>& box, float extra) {
  return (box[2] - box[0] + extra) * (box[3] - box[1] + extra);
}

bool overlaps(const std::array<float, 4>& a, const std::array<float, 4>& b, float threshold, Overlap overlap) {
  const float extra = overlap == Overlap::over_smaller ? 1.0F : 0.0F;
  const float width = std::min(a[2], b[2]) - std::max(a[0], b[0]) + extra;
  const float height = std::min(a[3], b[3]) - std::max(a[1], b[1]) + extra;
  if (width <= 0 || height <= 0) return false;
  const float common = width * height;
  const float whole = overlap == Overlap::over_smaller ? std::min(area(a, extra), area(b, extra))
                                                       : area(a, extra) + area(b, extra) - common;
  return common / whole > threshold;
}

}  // namespace

std::vector<std::size_t> suppress(const std::vector<Candidate>& list, float threshold, Overlap overlap) {
  std::vector<std::size_t> order(list.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Probabilities near 1 are equal in single precision: which of them goes first decides, and facenet-pytorch takes the
  // last one where it compares with the smaller box.
  if (overlap == Overlap::over_smaller) std::reverse(order.begin(), order.end());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return list[a].score > list[b].score; });
  std::vector<std::size_t> kept;
  for (const std::size_t index : order) {
    const bool lesser = std::any_of(kept.begin(), kept.end(), [&](std::size_t other) {
      return overlaps(list[other].box, list[index].box, threshold, overlap);
    });
    if (!lesser) kept.push_back(index);
  }
  return kept;
}

std::vector<Candidate> suppressed(const std::vector<Candidate>& list, float threshold, Overlap overlap) {
  std::vector<Candidate> result;
  for (const std::size_t index : suppress(list, threshold, overlap)) result.push_back(list[index]);
  return result;
}

std::array<float, 4> shifted(const Candidate& candidate, float extra) {
  const auto& [x1, y1, x2, y2] = candidate.box;
  const float width = x2 - x1 + extra;
  const float height = y2 - y1 + extra;
  const auto& s = candidate.shift;
  return {x1 + s[0] * width, y1 + s[1] * height, x2 + s[2] * width, y2 + s[3] * height};
}

std::array<float, 4> squared(const std::array<float, 4>& box) {
  const float width = box[2] - box[0];
  const float height = box[3] - box[1];
  const float side = std::max(width, height);
  const float x = box[0] + width * 0.5F - side * 0.5F;
  const float y = box[1] + height * 0.5F - side * 0.5F;
  return {x, y, x + side, y + side};
}

Part inside(const std::array<float, 4>& box, int width, int height) {
  // Bounds before the conversion: a box may be anywhere.
  const auto whole = [](float value, int low, int high) {
    return static_cast<int>(std::trunc(std::clamp(value, static_cast<float>(low), static_cast<float>(high))));
  };
  const int x = whole(box[0], 1, width + 1) - 1;
  const int y = whole(box[1], 1, height + 1) - 1;
  return {x, y, whole(box[2], 0, width) - x, whole(box[3], 0, height) - y};
}

}  // namespace facenet::detect
