// Geometry of faces: affine maps, alignment to a template, and the one warp (or cut) that makes a network's input.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include <facenet/image.hpp>

namespace facenet {

/// x' = a x + b y + c, y' = d x + e y + f. Coordinates are pixels with (0, 0) at the centre of the top left one.
struct Affine {
  double a = 1, b = 0, c = 0;
  double d = 0, e = 1, f = 0;

  std::array<double, 2> operator()(double x, double y) const { return {a * x + b * y + c, d * x + e * y + f}; }
  /// First this, then `next`.
  Affine then(const Affine& next) const;
  /// InvalidArgument when the map is degenerate (or not finite).
  Affine inverse() const;
  /// How much lengths grow: the square root of the area's growth.
  double scale() const;
};

/// Width and height of a picture; one number makes a square.
struct PixelSize {
  constexpr PixelSize(int side) : width(side), height(side) {}  // NOLINT: a number may stand for a square
  constexpr PixelSize(int w, int h) : width(w), height(h) {}
  int shorter() const { return std::min(width, height); }
  bool operator==(const PixelSize&) const = default;

  int width, height;
};

/// Where a face's five points belong in an input of width x height.
struct FaceTemplate {
  int width = 0;
  int height = 0;
  Landmarks points{};
};

/// The template of ArcFace's 112x112 crops, as the largest centred square of `size`. Margin m shows 1 + m times as
/// much: 0 is ArcFace's framing.
FaceTemplate arcface_template(PixelSize size, float margin = 0);
/// dlib's 150x150 face chip under MTCNN's points.
FaceTemplate dlib_template();

/// The similarity (rotation, scale, shift; no reflection) that brings `from` nearest to `to`, least squares (Umeyama,
/// PAMI 1991). Points are x, y pairs, at least two. InvalidArgument when all points of `from` coincide.
Affine fit_similarity(std::span<const float> from, std::span<const float> to);

/// From a photograph to the template of a face.
inline Affine alignment(const Landmarks& landmarks, const FaceTemplate& face) {
  return fit_similarity(landmarks, face.points);
}
/// From a photograph to an input: its largest centred part of the input's proportions, times `fraction` (above 0, up to
/// 1).
Affine centre_crop_map(PixelSize photograph, float fraction, PixelSize input);

/// A part of an image, and the map from the part to an output.
struct Region {
  Image image;
  Affine to_output;
};

/// What a warp to width x height needs of `image`, with `context` times the output's size kept on each side for later
/// shifts. Where the map shrinks by more than 2, the part is resized with an antialiasing filter to the output's scale:
/// bilinear interpolation alone would skip pixels. Below that it skips none, and pixels stay as they are: as in the
/// aligned crops that published networks were trained on.
Region cut_region(const Image& image, const Affine& to_output, int width, int height, double context = 0);

/// [height,width,3] bytes into `out`: bilinear at 1/32 of a pixel (as OpenCV's warpAffine does), black outside.
/// No filter: see cut_region.
void warp_bilinear(const Image& image, const Affine& to_output, int width, int height, std::uint8_t* out);

/// The same as cut_region, then warp_bilinear.
Image warp(const Image& image, const Affine& to_output, int width, int height);

/// By so many quarter turns, clockwise.
Image turned(const Image& image, int quarters);

/// The face in `box` (x1, y1, x2, y2) as an input, cut out as facenet-pytorch does it: the box grows until it leaves
/// `margin` pixels of the input around it, left and right together, and above and below together; what lies beyond the
/// image goes, and so do fractions of pixels; the rest is resized to the input, whatever its proportions. `quarters`
/// turns it upright. InvalidArgument when the box has no pixel of the image.
Image cut_box(const Image& image, const std::array<float, 4>& box, float margin, PixelSize input, int quarters = 0);

}  // namespace facenet
