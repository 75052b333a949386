// What the Winograd kernels of all instruction sets are told.
#pragma once

#include <cstdint>

#include "kernels/convolution_arguments.hpp"

namespace facenet::kernels {

/// A convolution of stride 1 in a blocked layout of `lanes` channels, cut into tiles of m x m results.
struct WinogradTiles {
  std::int64_t m, r;           ///< results and kernel along an axis; m + r - 1 is 4 or 6
  std::int64_t height, width;  ///< of the source
  std::int64_t out_height, out_width;
  std::int64_t pad_top, pad_left;
  std::int64_t src_blocks, dst_blocks;  ///< of channels
  std::int64_t rows, columns;           ///< tiles of an image; they are numbered image by image, row by row
  bool relu;
  bool bf16;  ///< src, sum and dst; all is computed in float32
  std::int64_t points() const { return (m + r - 1) * (m + r - 1); }
};

/// Weights: [panel of two blocks][point][source channel][channel of the panel].
/// The tiles [first, first + count) of the panels [first_panel, last_panel). `scratch` has room for
/// points * (count * (source channels + a panel) + 2 * lanes) numbers.
using WinogradFunction = void(const WinogradTiles& tiles, std::int64_t first, std::int64_t count,
                              std::int64_t first_panel, std::int64_t last_panel, const ConvolutionArguments& arguments,
                              float* scratch);
WinogradFunction winograd_avx512;  ///< 16 lanes
WinogradFunction winograd_avx2;    ///< 8 lanes
WinogradFunction winograd_plain;   ///< 8 lanes

}  // namespace facenet::kernels
