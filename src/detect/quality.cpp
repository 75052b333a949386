// Size, sharpness, pose, and the length of the embedding.
#include "detect/quality.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <facenet/error.hpp>

#include "data/geometry.hpp"

namespace facenet::detect {
namespace {

constexpr int kSide = 112;
constexpr int kBorder = 20;  // the face's middle: hair and background do not count
constexpr int kMiddle = kSide - 2 * kBorder;

// Mean absolute difference of neighbours, across and down, in the middle.
double differences(const std::vector<float>& grey) {
  double sum = 0;
  for (int y = kBorder; y < kSide - kBorder; ++y) {
    for (int x = kBorder; x < kSide - kBorder; ++x) {
      const auto at = static_cast<std::size_t>(y * kSide + x);
      sum += std::abs(static_cast<double>(grey[at + 1] - grey[at]));
      sum += std::abs(static_cast<double>(grey[at + kSide] - grey[at]));
    }
  }
  return sum / (2.0 * kMiddle * kMiddle);
}

}  // namespace

float sharpness_of(const Image& face) {
  std::vector<float> grey;
  for (std::size_t i = 0; i + 2 < face.pixels().size(); i += 3) {
    const auto* p = face.pixels().data() + i;
    grey.push_back(0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2]);
  }
  std::vector<float> blurred = grey;
  for (int y = 2; y < kSide - 2; ++y) {
    for (int x = 2; x < kSide - 2; ++x) {
      float sum = 0;
      for (int dy = -2; dy <= 2; ++dy) {
        for (int dx = -2; dx <= 2; ++dx) sum += grey[static_cast<std::size_t>((y + dy) * kSide + x + dx)];
      }
      blurred[static_cast<std::size_t>(y * kSide + x)] = sum / 25;
    }
  }
  const double sharp = differences(grey);
  if (sharp < 0.25) return 0;  // flat: nothing to be seen
  return static_cast<float>(std::clamp(2 * (1 - differences(blurred) / sharp), 0.0, 1.0));
}

float score_of(const FaceQuality& quality, float confidence) {
  const float seen = confidence * std::cbrt(quality.size * quality.sharpness * quality.pose);
  return quality.norm ? seen * *quality.norm * *quality.norm : seen;
}

float distance_from_front(const Landmarks& landmarks) {
  const FaceTemplate front = arcface_template(kSide);
  const Affine map = alignment(landmarks, front);
  double sum = 0;
  for (std::size_t i = 0; i < front.points.size(); i += 2) {
    const auto [x, y] = map(landmarks[i], landmarks[i + 1]);
    sum += (x - front.points[i]) * (x - front.points[i]) + (y - front.points[i + 1]) * (y - front.points[i + 1]);
  }
  const double eyes = std::hypot(front.points[2] - front.points[0], front.points[3] - front.points[1]);
  return static_cast<float>(std::sqrt(sum / 5) / eyes);
}

FaceQuality quality_of(const Image& image, const Landmarks& landmarks, float confidence) {
  FaceQuality quality;
  try {
    const FaceTemplate front = arcface_template(kSide);
    const Affine map = alignment(landmarks, front);
    quality.size = static_cast<float>(std::min(1.0, 1 / map.scale()));
    quality.sharpness = sharpness_of(warp(image, map, kSide, kSide));
    quality.pose = std::clamp(1 - distance_from_front(landmarks) / 0.35F, 0.0F, 1.0F);
  } catch (const InvalidArgument&) {
    return {};
  }
  quality.score = score_of(quality, confidence);
  return quality;
}

}  // namespace facenet::detect
