// How good a picture of a face is.
#pragma once

#include <facenet/detector.hpp>

namespace facenet::detect {

/// As FaceQuality says. All 0 when the points coincide.
FaceQuality quality_of(const Image& image, const Landmarks& landmarks, float confidence);

/// FaceQuality::score of its parts.
float score_of(const FaceQuality& quality, float confidence);

/// The root mean square distance, in distances between the eyes, of five points from those of a face seen from the
/// front, best fit.
float distance_from_front(const Landmarks& landmarks);

/// What a blur takes away, see FaceQuality::sharpness; `face`: an aligned crop of 112x112.
float sharpness_of(const Image& face);

}  // namespace facenet::detect
