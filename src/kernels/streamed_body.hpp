// The streamed convolution for one instruction set, which defines FACENET_LANES, the floats of a vector, and
// FACENET_ROWS: that many pixels by two vectors are the sums its registers hold. Everything has internal linkage: each
// has its own copy.
//   dst[o][p] = bias[o] + sum over k of weights[k][o] * pixels[k][p]
// chunk of k by chunk. Every weight is read from memory once, while the weights before it are still at work on all
// pixels: `Ahead` asks for it in time.
#pragma once

#include "kernels/streamed_tasks.hpp"
#include "kernels/vector_lanes.hpp"

namespace facenet::kernels {
namespace {

constexpr int kRows = FACENET_ROWS;
constexpr int kSquare = kLanes * kLanes;  // weights of a plane in one block

// The weights that the next product wants, in so many parts as there are products before it.
struct Ahead {
  const float* from;
  I step;    // numbers for each k of this product; 0: nothing is left to ask for
  I second;  // from one line to another that is asked for at once
};

// One destination block, or two whose weights lie one after the other.
struct Block {
  I index;
  const float* weights;  // of the chunk
};

// What happens to the sums before the first chunk and after the last.
struct Ends {
  bool first, last;
};

FACENET_INLINE Vector begun(const StreamedMap& map, const ConvolutionArguments& a, I block, I pixel) {
  Vector sum = a.bias == nullptr ? Vector{} : load(a.bias + block * kLanes);
  if (a.sum != nullptr) sum += load(static_cast<const float*>(a.sum) + (block * map.pixels() + pixel) * kLanes);
  return sum;
}

FACENET_INLINE Vector ended(const StreamedMap& map, const ConvolutionArguments& a, I block, Vector value) {
  if (map.relu) value = value > 0 ? value : Vector{};
  if (a.slopes != nullptr) value = value > 0 ? value : value * load(a.slopes + block * kLanes);
  return value;
}

// kR pixels from `pixel` on, kW destination blocks; planes are `step` numbers apart.
template <int kR, int kW>
FACENET_INLINE void product(const StreamedMap& map, const ConvolutionArguments& a, const Ends& ends,
                            const float* planes, I step, I count, const Block& block, I pixel, Ahead ahead) {
  Vector sum[kR][kW];
#pragma GCC unroll 2
  for (int w = 0; w < kW; ++w) {
    float* dst = static_cast<float*>(a.dst) + ((block.index + w) * map.pixels() + pixel) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      sum[r][w] = ends.first ? begun(map, a, block.index + w, pixel + r) : load(dst + r * kLanes);
    }
  }
  const float* weights = block.weights;
  const I block_step = count * kSquare;
  for (I plane = 0; plane < count; ++plane) {
    const float* from = planes + plane * step;
#pragma GCC unroll 4
    for (int c = 0; c < kLanes; ++c) {
      __builtin_prefetch(ahead.from);
      __builtin_prefetch(ahead.from + ahead.second);
      ahead.from += ahead.step;
      Vector weight[kW];
#pragma GCC unroll 2
      for (int w = 0; w < kW; ++w) weight[w] = load(weights + w * block_step);
      weights += kLanes;
#pragma GCC unroll 16
      for (int r = 0; r < kR; ++r) {
        const float value = from[r * kLanes + c];
#pragma GCC unroll 2
        for (int w = 0; w < kW; ++w) sum[r][w] += value * weight[w];
      }
    }
  }
#pragma GCC unroll 2
  for (int w = 0; w < kW; ++w) {
    float* dst = static_cast<float*>(a.dst) + ((block.index + w) * map.pixels() + pixel) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      store(dst + r * kLanes, ends.last ? ended(map, a, block.index + w, sum[r][w]) : sum[r][w]);
    }
  }
}

template <int kR, int kW>
void product_of_rows(I rows, const StreamedMap& map, const ConvolutionArguments& a, const Ends& ends,
                     const float* planes, I step, I count, const Block& block, I pixel, const Ahead& ahead) {
  if (rows == kR) return product<kR, kW>(map, a, ends, planes, step, count, block, pixel, ahead);
  if constexpr (kR > 1) {
    product_of_rows<kR - 1, kW>(rows, map, a, ends, planes, step, count, block, pixel, ahead);
  }
}

// `count` vectors, or zeros.
FACENET_INLINE float* copied(const float* from, I step, I count, float* to) {
  for (I i = 0; i < count; ++i) store(to + i * kLanes, load(from + i * step));
  return to + count * kLanes;
}
FACENET_INLINE float* cleared(I count, float* to) {
  for (I i = 0; i < count; ++i) store(to + i * kLanes, Vector{});
  return to + count * kLanes;
}

FACENET_INLINE I clamped(I value, I low, I high) { return value < low ? low : value > high ? high : value; }

// The part's pixels in all planes, zeros where the kernel sees padding.
FACENET_INLINE void gather(const StreamedMap& map, const StreamedPart& part, const float* src, float* to) {
  for (I plane = 0; plane < map.planes(); ++plane) {
    const I place = plane / map.src_blocks;
    const I kernel_y = place / map.kernel_width;
    const I kernel_x = place % map.kernel_width;
    const float* from = src + plane % map.src_blocks * map.height * map.width * kLanes;
    const I left = kernel_x - map.pad_left;
    // The results x whose source lies inside: 0 <= x * stride + left < width.
    const I x0 = left < 0 ? (-left + map.stride_x - 1) / map.stride_x : 0;
    const I x1 = map.width > left ? (map.width - left + map.stride_x - 1) / map.stride_x : 0;
    for (I y = part.first / map.out_width; y * map.out_width < part.last; ++y) {
      const I begin = clamped(part.first - y * map.out_width, 0, map.out_width);
      const I end = clamped(part.last - y * map.out_width, 0, map.out_width);
      const I from_y = y * map.stride_y - map.pad_top + kernel_y;
      if (from_y < 0 || from_y >= map.height) {
        to = cleared(end - begin, to);
        continue;
      }
      const I inside = clamped(x0, begin, end);
      const I outside = clamped(x1, inside, end);
      to = cleared(inside - begin, to);
      const float* row = from + (from_y * map.width + inside * map.stride_x + left) * kLanes;
      to = copied(row, map.stride_x * kLanes, outside - inside, to);
      to = cleared(end - outside, to);
    }
  }
}

FACENET_INLINE void run(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& a,
                        float* scratch) {
  const I pixels = part.last - part.first;
  const I groups = (pixels + kRows - 1) / kRows;
  const auto* src = static_cast<const float*>(a.src);
  // All at once: what has just been stored would hold up the products of each chunk.
  if (!map.as_it_is()) gather(map, part, src, scratch);
  const float* all = map.as_it_is() ? src + part.first * kLanes : scratch;
  const I step = (map.as_it_is() ? map.pixels() : pixels) * kLanes;
  for (I first = 0; first < map.planes(); first += StreamedMap::kChunk) {
    const I left = map.planes() - first;
    const I count = left < StreamedMap::kChunk ? left : StreamedMap::kChunk;
    const float* planes = all + first * step;
    const float* weights = a.weights + first * map.dst_blocks * kSquare;
    const Ends ends{first == 0, count == left};
    for (I index = part.first_block; index < part.last_block;) {
      const I width = part.last_block - index > 1 ? 2 : 1;
      const Block block{index, weights + index * count * kSquare};
      // Where the next weights are: behind these, or in the next chunk.
      const float* next = block.weights + width * count * kSquare;
      if (index + width == part.last_block) {
        const I after = left - count < StreamedMap::kChunk ? left - count : StreamedMap::kChunk;
        next = weights + (map.dst_blocks * count + part.first_block * after) * kSquare;
      }
      for (I group = 0; group < groups; ++group) {  // of nearly equal size
        const I from = pixels * group / groups;
        const I rows = pixels * (group + 1) / groups - from;
        // The first groups ask for one line with each k; a single group for two.
        const I each = groups < width ? width : 1;
        const bool asks = group < width && !(ends.last && index + width == part.last_block);
        const Ahead ahead{asks ? next + group * count * kSquare : block.weights, asks ? kLanes : 0,
                          asks && each == 2 ? count * kSquare : 0};
        const float* at = planes + from * kLanes;
        if (width == 2) {
          product_of_rows<kRows, 2>(rows, map, a, ends, at, step, count, block, part.first + from, ahead);
        } else {
          product_of_rows<kRows, 1>(rows, map, a, ends, at, step, count, block, part.first + from, ahead);
        }
      }
      index += width;
    }
  }
}

}  // namespace
}  // namespace facenet::kernels
