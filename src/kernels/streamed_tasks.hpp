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
  bool gathers;        ///< planes are made of the source; else they are the source's own
  std::int64_t planes() const { return kernel_height * kernel_width * src_blocks; }
  std::int64_t pixels() const { return out_height * out_width; }
  std::int64_t groups(std::int64_t blocks) const { return (dst_blocks + blocks - 1) / blocks; }  ///< of so many each
  /// Whether the source has the planes' order.
  bool as_it_is() const {
    return planes() == src_blocks && stride_y == 1 && stride_x == 1 && height == out_height && width == out_width;
  }
};

/// The pixels [first, last) of the destination groups [first_group, last_group). A group is a block, of float16 two.
/// Weights: [chunk][group][plane of the chunk][source lane][lane of the group]; of bfloat16, pairs of source lanes lie
/// side by side: [...][source lane / 2][destination lane][2].
struct StreamedPart {
  std::int64_t first, last, first_group, last_group;
};
/// `planes` has room for what a map that gathers needs, planes() * (last - first) * lanes numbers (of float16, each
/// twice); `sums` for dst in float32, and may be dst.
using StreamedFunction = void(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& arguments,
                              void* planes, float* sums);
StreamedFunction streamed_avx512;      ///< 16 lanes
StreamedFunction streamed_avx2;        ///< 8 lanes
StreamedFunction streamed_avx512bf16;  ///< 16 lanes, in bfloat16 with sums in float32
StreamedFunction streamed_avx512fp16;  ///< 16 lanes, of float32, multiplied in float16; it always gathers

}  // namespace facenet::kernels
