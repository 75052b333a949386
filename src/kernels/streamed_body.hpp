// The streamed convolution for one instruction set, which defines FACENET_LANES, the floats of a vector, and
// FACENET_ROWS: that many pixels by two vectors are the sums its registers hold. Everything has internal linkage: each
// has its own copy. A word is what it multiplies at once: a float, or, with FACENET_PAIRS, two numbers of bfloat16.
//   dst[o][p] = bias[o] + sum over k of weights[k][o] * pixels[k][p]
// chunk of k by chunk. Every weight is read from memory once, while the weights before it are still at work on all
// pixels: `Ahead` asks for it in time.
#pragma once

#include "kernels/streamed_tasks.hpp"
#include "kernels/vector_lanes.hpp"

namespace facenet::kernels {
namespace {

constexpr int kRows = FACENET_ROWS;

#ifdef FACENET_PAIRS
using Number = std::uint16_t;  // bfloat16
using Word = std::uint32_t;
using Weights = __m512i;
FACENET_INLINE Vector multiply_add(Vector sum, Word value, Weights weights) {
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(value)), (__m512bh)weights);
}
#else
using Number = float;
using Word = float;
using Weights = Vector;
FACENET_INLINE Vector multiply_add(Vector sum, Word value, Weights weights) { return sum + value * weights; }
#endif
constexpr int kDepth = kLanes * sizeof(Number) / sizeof(Word);  // words of a block's channels
constexpr int kSquare = kDepth * kLanes;                        // of a plane's weights in one block

FACENET_INLINE Weights load_weights(const Word* from) {
  Weights to;
  std::memcpy(&to, from, sizeof to);
  return to;
}

// The weights that the next product wants, in so many parts as there are products before it.
struct Ahead {
  const Word* from;
  I step;    // words for each k of this product; 0: nothing is left to ask for
  I second;  // from one line to another that is asked for at once
};

// One destination block, or two whose weights lie one after the other.
struct Block {
  I index;
  const Word* weights;  // of the chunk
};

// What happens to the sums before the first chunk and after the last.
struct Ends {
  bool first, last;
};

FACENET_INLINE Vector begun(const StreamedMap& map, const ConvolutionArguments& a, I block, I pixel) {
  Vector sum = a.bias == nullptr ? Vector{} : load(a.bias + block * kLanes);
  if (a.sum != nullptr) sum += load(static_cast<const Number*>(a.sum) + (block * map.pixels() + pixel) * kLanes);
  return sum;
}

FACENET_INLINE Vector ended(const StreamedMap& map, const ConvolutionArguments& a, I block, Vector value) {
  if (map.relu) value = value > 0 ? value : Vector{};
  if (a.slopes != nullptr) value = value > 0 ? value : value * load(a.slopes + block * kLanes);
  return value;
}

// A chunk's planes and what the chunks before it have summed up.
struct Chunk {
  Ends ends;
  const Word* planes;
  I step, count;  // words from plane to plane
  float* sums;
};

// kR pixels from `pixel` on, which `planes` begin with; kW destination blocks.
template <int kR, int kW>
FACENET_INLINE void product(const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk,
                            const Word* planes, const Block& block, I pixel, Ahead ahead) {
  Vector sum[kR][kW];
#pragma GCC unroll 2
  for (int w = 0; w < kW; ++w) {
    const float* sums = chunk.sums + ((block.index + w) * map.pixels() + pixel) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      sum[r][w] = chunk.ends.first ? begun(map, a, block.index + w, pixel + r) : load(sums + r * kLanes);
    }
  }
  const Word* weights = block.weights;
  const I count = chunk.count;
  const I block_step = count * kSquare;
  for (I plane = 0; plane < count; ++plane) {
    const Word* from = planes + plane * chunk.step;
#pragma GCC unroll 4
    for (int c = 0; c < kDepth; ++c) {
      __builtin_prefetch(ahead.from);
      __builtin_prefetch(ahead.from + ahead.second);
      ahead.from += ahead.step;
      Weights weight[kW];
#pragma GCC unroll 2
      for (int w = 0; w < kW; ++w) weight[w] = load_weights(weights + w * block_step);
      weights += kLanes;
#pragma GCC unroll 16
      for (int r = 0; r < kR; ++r) {
        const Word value = from[r * kDepth + c];
#pragma GCC unroll 2
        for (int w = 0; w < kW; ++w) sum[r][w] = multiply_add(sum[r][w], value, weight[w]);
      }
    }
  }
#pragma GCC unroll 2
  for (int w = 0; w < kW; ++w) {
    const I place = ((block.index + w) * map.pixels() + pixel) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      if (chunk.ends.last) {
        store(static_cast<Number*>(a.dst) + place + r * kLanes, ended(map, a, block.index + w, sum[r][w]));
      } else {
        store(chunk.sums + place + r * kLanes, sum[r][w]);
      }
    }
  }
}

template <int kR, int kW>
void product_of_rows(I rows, const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk,
                     const Word* planes, const Block& block, I pixel, const Ahead& ahead) {
  if (rows == kR) return product<kR, kW>(map, a, chunk, planes, block, pixel, ahead);
  if constexpr (kR > 1) product_of_rows<kR - 1, kW>(rows, map, a, chunk, planes, block, pixel, ahead);
}

// `count` pixels of a block, or zeros.
FACENET_INLINE Word* copied(const Word* from, I step, I count, Word* to) {
  for (I i = 0; i < count; ++i) std::memcpy(to + i * kDepth, from + i * step, kDepth * sizeof(Word));
  return to + count * kDepth;
}
FACENET_INLINE Word* cleared(I count, Word* to) {
  for (I i = 0; i < count; ++i) std::memset(to + i * kDepth, 0, kDepth * sizeof(Word));
  return to + count * kDepth;
}

FACENET_INLINE I clamped(I value, I low, I high) { return value < low ? low : value > high ? high : value; }

// The part's pixels in all planes, zeros where the kernel sees padding.
FACENET_INLINE void gather(const StreamedMap& map, const StreamedPart& part, const Word* src, Word* to) {
  for (I plane = 0; plane < map.planes(); ++plane) {
    const I place = plane / map.src_blocks;
    const I kernel_y = place / map.kernel_width;
    const I kernel_x = place % map.kernel_width;
    const Word* from = src + plane % map.src_blocks * map.height * map.width * kDepth;
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
      const Word* row = from + (from_y * map.width + inside * map.stride_x + left) * kDepth;
      to = copied(row, map.stride_x * kDepth, outside - inside, to);
      to = cleared(end - outside, to);
    }
  }
}

FACENET_INLINE void run(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& a, void* scratch,
                        float* sums) {
  const I pixels = part.last - part.first;
  const I groups = (pixels + kRows - 1) / kRows;
  const auto* src = static_cast<const Word*>(a.src);
  // All at once: what has just been stored would hold up the products of each chunk.
  if (!map.as_it_is()) gather(map, part, src, static_cast<Word*>(scratch));
  const Word* all = map.as_it_is() ? src + part.first * kDepth : static_cast<Word*>(scratch);
  const I step = (map.as_it_is() ? map.pixels() : pixels) * kDepth;
  for (I first = 0; first < map.planes(); first += map.chunk) {
    const I left = map.planes() - first;
    const I count = left < map.chunk ? left : map.chunk;
    const Chunk chunk{{first == 0, count == left}, all + first * step, step, count, sums};
    const Word* weights = static_cast<const Word*>(a.weights) + first * map.dst_blocks * kSquare;
    for (I index = part.first_block; index < part.last_block;) {
      const I width = part.last_block - index > 1 ? 2 : 1;
      const Block block{index, weights + index * count * kSquare};
      // Where the next weights are: behind these, or in the next chunk.
      const Word* next = block.weights + width * count * kSquare;
      if (index + width == part.last_block) {
        const I after = left - count < map.chunk ? left - count : map.chunk;
        next = weights + (map.dst_blocks * count + part.first_block * after) * kSquare;
      }
      for (I group = 0; group < groups; ++group) {  // of nearly equal size
        const I from = pixels * group / groups;
        const I rows = pixels * (group + 1) / groups - from;
        // The first groups ask for one line with each k; a single group for two.
        const I each = groups < width ? width : 1;
        const bool asks = group < width && !(chunk.ends.last && index + width == part.last_block);
        const Ahead ahead{asks ? next + group * count * kSquare : block.weights, asks ? kLanes : 0,
                          asks && each == 2 ? count * kSquare : 0};
        const Word* at = chunk.planes + from * kDepth;
        if (width == 2) {
          product_of_rows<kRows, 2>(rows, map, a, chunk, at, block, part.first + from, ahead);
        } else {
          product_of_rows<kRows, 1>(rows, map, a, chunk, at, block, part.first + from, ahead);
        }
      }
      index += width;
    }
  }
}

}  // namespace
}  // namespace facenet::kernels
