// Images of another size, made along one axis after the other.
#pragma once

#include <vector>

#include <facenet/image.hpp>

namespace facenet {

/// What an output row or column is made of: so much of each of the source's from `first` on. The weights' sum is 1.
struct Taps {
  int first = 0;
  std::vector<float> weights{};
};

/// `result` has as many columns and rows as there are of each, from the first to the last. Down the columns first,
/// where pixels side by side are summed at once. Rounded, and cut to 0..255.
void resample(const Image& image, const std::vector<Taps>& columns, const std::vector<Taps>& rows, Image& result);

/// A part of an image's pixels: columns [x0, x1), rows [y0, y1), inside it and not empty.
struct Window {
  int x0, y0, x1, y1;
  int width() const { return x1 - x0; }
  int height() const { return y1 - y0; }
};
/// As image.cropped(...).resized(width, height), without the copy.
Image resized(const Image& image, const Window& part, int width, int height);

}  // namespace facenet
