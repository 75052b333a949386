// Random changes to training faces: where, how bright, how sharp, what is hidden.
#pragma once

#include <array>
#include <cstdint>

#include <facenet/dataset.hpp>

#include "base/random.hpp"
#include "data/geometry.hpp"

namespace facenet {

/// What may happen to a face. All amounts are the largest; draws are uniform between nothing and that.
struct Augmentation {
  double flip = 0.5;         ///< probability of left and right exchanged
  double shift = 0.04;       ///< of the size, each way
  double scale = 0.08;       ///< larger or smaller by up to this share
  double rotation = 5;       ///< degrees, each way
  double brightness = 0.15;  ///< of the range of values, up or down
  double contrast = 0.2;     ///< about the middle grey
  double saturation = 0.2;
  double grayscale = 0.02;      ///< probability of no colour at all
  double low_resolution = 0.1;  ///< probability of being shrunk and enlarged again
  double smallest = 0.4;        ///< the smallest of those sizes, as a share
  double erase = 0.15;          ///< probability that a rectangle is painted over (random erasing)
  double erase_size = 0.35;     ///< its longest side, as a share of the size
  double degrade = 0;           ///< probability of being shown small and badly compressed (see degraded())
  double fewest_pixels = 0.14;  ///< the smallest of those sizes, as a share; sizes are drawn by their logarithm
  int worst_jpeg = 10;          ///< the lowest of those qualities, up to 70

  /// Faces as they are.
  static Augmentation none() { return {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}; }
};

/// One draw for one face.
struct AugmentationDraw {
  Affine map;                 ///< applied in the output's pixels, after alignment
  double low_resolution = 1;  ///< 1: as sharp as it is
  bool recolour = false;
  std::array<float, 12> colour{};  ///< [3,4]: each channel from red, green, blue and a constant
  int erase_x = 0, erase_y = 0, erase_width = 0, erase_height = 0;
  std::array<std::uint8_t, 3> erase_colour{};
  Degradation degradation{};  ///< after all else
};

/// The same number of draws from `random` whatever happens; InvalidArgument when a setting is out of range.
AugmentationDraw draw_augmentation(const Augmentation& settings, PixelSize size, Random random);

/// Colours and the erased rectangle, in place, on [height,width,3].
void apply_colour_and_erase(const AugmentationDraw& draw, PixelSize size, std::uint8_t* pixels);

}  // namespace facenet
