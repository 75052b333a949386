// Padding that keeps a map's size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace facenet {

struct Padding {
  std::array<std::int64_t, 2> begin{0, 0};  ///< top, left
  std::array<std::int64_t, 2> end{0, 0};    ///< bottom, right
};

/// The padding with which a window gives ceil(map / stride) rows and columns. An odd one has its larger half at the
/// end, as TensorFlow's 'SAME' and ONNX's SAME_UPPER do.
inline Padding same_padding(const std::array<std::int64_t, 2>& map, const std::array<std::int64_t, 2>& window,
                            const std::array<std::int64_t, 2>& stride,
                            const std::array<std::int64_t, 2>& dilation = {1, 1}) {
  Padding padding;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t windows = (map[i] + stride[i] - 1) / stride[i];
    const std::int64_t reach = (windows - 1) * stride[i] + (window[i] - 1) * dilation[i] + 1;
    const std::int64_t sum = std::max<std::int64_t>(0, reach - map[i]);
    padding.begin[i] = sum / 2;
    padding.end[i] = sum - sum / 2;
  }
  return padding;
}

}  // namespace facenet
