// What the streamed convolutions of all instruction sets are told.
#pragma once

#include <cstdint>

#include "kernels/convolution_arguments.hpp"

namespace facenet::kernels {

/// A convolution of one image in a blocked layout of `lanes` channels, as the product of a matrix of weights and one of
/// pixels. A plane is what the kernel's place (y, x) sees of a block of source channels: all pixels by `lanes`. Planes
/// are numbered place by place, in each block by block.
struct StreamedMap {
  std::int64_t kernel_height, kernel_width;
  std::int64_t stride_y, stride_x, pad_top, pad_left;
  std::int64_t height, width;  ///< of the source
  std::int64_t out_height, out_width;
  std::int64_t src_blocks, dst_blocks;  ///< of channels
  bool relu;
  std::int64_t chunk;  ///< planes whose pixels and weights stay in the first cache
  std::int64_t planes() const { return kernel_height * kernel_width * src_blocks; }
  std::int64_t pixels() const { return out_height * out_width; }
  /// Whether planes are the source's own.
  bool as_it_is() const {
    return planes() == src_blocks && stride_y == 1 && stride_x == 1 && height == out_height && width == out_width;
  }
};

/// Weights: [chunk][destination block][plane of the chunk][source lane][destination lane]; of bfloat16, pairs of source
/// lanes lie side by side: [...][source lane / 2][destination lane][2].
/// The pixels [first, last) of the destination blocks [first_block, last_block). `planes` has room for all of them,
/// planes() * (last - first) * lanes numbers, unless as_it_is; `sums` for dst in float32, and may be dst.
struct StreamedPart {
  std::int64_t first, last, first_block, last_block;
};
using StreamedFunction = void(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& arguments,
                              void* planes, float* sums);
StreamedFunction streamed_avx512;      ///< 16 lanes
StreamedFunction streamed_avx2;        ///< 8 lanes
StreamedFunction streamed_avx512bf16;  ///< 16 lanes, in bfloat16 with sums in float32

}  // namespace facenet::kernels
