// An image at many sizes, packed into pictures ("canvases") of few sizes: P-Net looks at each once.
#pragma once

#include <span>
#include <vector>

#include <facenet/image.hpp>

#include "detect/boxes.hpp"

namespace facenet::detect {

/// From photograph to network: the factors by which the photograph shrinks, so that faces of `minimum_size` and more
/// are once near 12 pixels.
std::vector<double> scales(int width, int height, int minimum_size, double factor);

/// Planes of numbers: [3,H,W] with room between rows and planes.
struct Planes {
  float* first = nullptr;  ///< of the part that is written
  std::size_t row = 0;     ///< numbers from one row to the next
  std::size_t plane = 0;
};

/// The part of an image resized to width x height, of which `window` is written: each number is the mean of the pixels
/// that it stands for (from floor to ceiling: a border pixel may count twice), then (mean - 127.5) / 128. What PyTorch
/// calls interpolation by "area".
void resize_area(const Image& image, const Part& part, int width, int height, const Part& window, const Planes& dst);

/// A piece of the photograph at one scale, and where it lies.
struct Piece {
  std::size_t scale = 0;  ///< which of the list
  Part window{};          ///< of the whole photograph at that scale
  int canvas = 0;
  int x = 0, y = 0;           ///< on the canvas; even, as window.x and window.y are
  int columns = 0, rows = 0;  ///< places at which P-Net's window is counted
};

struct Packing {
  int width = 0, height = 0;  ///< of each canvas; even
  int canvases = 0;
  std::vector<Piece> pieces;
};

/// Canvases of a multiple of 32, up to `kLargestCanvas` a side: larger sizes are cut into pieces that overlap as much
/// as P-Net's window needs.
constexpr int kLargestCanvas = 384;
Packing pack(int width, int height, std::span<const double> scales);

/// The photograph's size at a scale.
inline int scaled(int extent, double scale) { return static_cast<int>(extent * scale + 1); }

}  // namespace facenet::detect
