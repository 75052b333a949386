// The streamed convolution for one instruction set, which defines FACENET_LANES, the floats of a vector, and
// FACENET_ROWS: that many pixels by two vectors are the sums its registers hold. Everything has internal linkage: each
// has its own copy. A word is what it multiplies at once: a float; with FACENET_PAIRS two numbers of bfloat16; with
// FACENET_HALVES one of float16, twice, for two destination blocks side by side. There a chunk's sum is float16, what
// becomes of all chunks float32.
//   dst[o][p] = bias[o] + sum over k of weights[k][o] * pixels[k][p]
// chunk of k by chunk. Every weight is read from memory once, while the weights before it are still at work on all
// pixels: `Ahead` asks for it in time.
#pragma once

#include "kernels/streamed_tasks.hpp"
#include "kernels/vector_lanes.hpp"

namespace facenet::kernels {
namespace {

constexpr int kRows = FACENET_ROWS;

#if defined(FACENET_PAIRS)
using Number = std::uint16_t;  // of source and destination: bfloat16
using Word = std::uint32_t;
using Weights = __m512i;
using Sum = Vector;
constexpr int kDepth = kLanes / 2;
constexpr int kBlocks = 1;
FACENET_INLINE Sum multiply_add(Sum sum, Word value, Weights weights) {
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(value)), (__m512bh)weights);
}
#elif defined(FACENET_HALVES)
using Number = float;
using Word = std::uint32_t;
using Weights = __m512i;
using Sum = __m512h;
constexpr int kDepth = kLanes;
constexpr int kBlocks = 2;
FACENET_INLINE Sum multiply_add(Sum sum, Word value, Weights weights) {
  return _mm512_fmadd_ph((__m512h)_mm512_set1_epi32(static_cast<int>(value)), (__m512h)weights, sum);
}
#else
using Number = float;
using Word = float;
using Weights = Vector;
using Sum = Vector;
constexpr int kDepth = kLanes;
constexpr int kBlocks = 1;
FACENET_INLINE Sum multiply_add(Sum sum, Word value, Weights weights) { return sum + value * weights; }
#endif
// kDepth: words of a block's channels; kBlocks: destination blocks that a vector of weights is for, a group.
constexpr int kSquare = kDepth * kLanes;  // words of a plane's weights for one group

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

// One group of destination blocks, or two whose weights lie one after the other.
struct Group {
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

FACENET_INLINE Vector rectified(const StreamedMap& map, const ConvolutionArguments& a, I block, Vector value) {
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

// What the sums of kR pixels and kW groups begin with, and what becomes of them.
#if defined(FACENET_HALVES)
template <int kR, int kW>
FACENET_INLINE void start(const StreamedMap&, const ConvolutionArguments&, const Chunk&, I, I, Sum (&sum)[kR][kW]) {
#pragma GCC unroll 32
  for (int i = 0; i < kR * kW; ++i) sum[i / kW][i % kW] = _mm512_setzero_ph();
}
template <int kR, int kW>
FACENET_INLINE void finish(const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk, I group, I pixel,
                           const Sum (&sum)[kR][kW]) {
  __m256i halves[kR][kW][kBlocks];
  std::memcpy(halves, sum, sizeof halves);
  for (int w = 0; w < kW; ++w) {
    for (int half = 0; half < kBlocks; ++half) {
      const I block = (group + w) * kBlocks + half;
      if (block == map.dst_blocks) return;  // the last group's second
      const I place = (block * map.pixels() + pixel) * kLanes;
      float* sums = chunk.sums + place;
      if (!chunk.ends.first && !chunk.ends.last) {
        for (int r = 0; r < kR; ++r, sums += kLanes) store(sums, load(sums) + _mm512_cvtph_ps(halves[r][w][half]));
        continue;
      }
      for (int r = 0; r < kR; ++r, sums += kLanes) {
        const Vector value =
            (chunk.ends.first ? begun(map, a, block, pixel + r) : load(sums)) + _mm512_cvtph_ps(halves[r][w][half]);
        if (chunk.ends.last) {
          store(static_cast<Number*>(a.dst) + place + I{r} * kLanes, rectified(map, a, block, value));
        } else {
          store(sums, value);
        }
      }
    }
  }
}
#else
template <int kR, int kW>
FACENET_INLINE void start(const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk, I block, I pixel,
                          Sum (&sum)[kR][kW]) {
#pragma GCC unroll 2
  for (int w = 0; w < kW; ++w) {
    const float* sums = chunk.sums + ((block + w) * map.pixels() + pixel) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      sum[r][w] = chunk.ends.first ? begun(map, a, block + w, pixel + r) : load(sums + r * kLanes);
    }
  }
}
template <int kR, int kW>
FACENET_INLINE void finish(const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk, I block, I pixel,
                           const Sum (&sum)[kR][kW]) {
#pragma GCC unroll 2
  for (int w = 0; w < kW; ++w) {
    const I place = ((block + w) * map.pixels() + pixel) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      if (chunk.ends.last) {
        store(static_cast<Number*>(a.dst) + place + r * kLanes, rectified(map, a, block + w, sum[r][w]));
      } else {
        store(chunk.sums + place + r * kLanes, sum[r][w]);
      }
    }
  }
}
#endif

// kR pixels from `pixel` on, which `planes` begin with; kW groups of destination blocks.
template <int kR, int kW>
FACENET_INLINE void product(const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk,
                            const Word* planes, const Group& group, I pixel, Ahead ahead) {
  Sum sum[kR][kW];
  start(map, a, chunk, group.index, pixel, sum);
  const Word* weights = group.weights;
  const I count = chunk.count;
  const I group_step = count * kSquare;
  for (I plane = 0; plane < count; ++plane) {
    const Word* from = planes + plane * chunk.step;
#pragma GCC unroll 4
    for (int c = 0; c < kDepth; ++c) {
      __builtin_prefetch(ahead.from);
      __builtin_prefetch(ahead.from + ahead.second);
      ahead.from += ahead.step;
      Weights weight[kW];
#pragma GCC unroll 2
      for (int w = 0; w < kW; ++w) weight[w] = load_weights(weights + w * group_step);
      weights += kLanes;
#pragma GCC unroll 16
      for (int r = 0; r < kR; ++r) {
        const Word value = from[r * kDepth + c];
#pragma GCC unroll 2
        for (int w = 0; w < kW; ++w) sum[r][w] = multiply_add(sum[r][w], value, weight[w]);
      }
    }
  }
  finish(map, a, chunk, group.index, pixel, sum);
}

template <int kR, int kW>
void product_of_rows(I rows, const StreamedMap& map, const ConvolutionArguments& a, const Chunk& chunk,
                     const Word* planes, const Group& group, I pixel, const Ahead& ahead) {
  if (rows == kR) return product<kR, kW>(map, a, chunk, planes, group, pixel, ahead);
  if constexpr (kR > 1) product_of_rows<kR - 1, kW>(rows, map, a, chunk, planes, group, pixel, ahead);
}

// `count` pixels of a block, `step` pixels apart, or zeros.
FACENET_INLINE Word* copied(const Number* from, I step, I count, Word* to) {
  for (I i = 0; i < count; ++i, from += step * kLanes, to += kDepth) {
#if defined(FACENET_HALVES)
    const __m512i half = _mm512_cvtepu16_epi32(_mm512_cvtps_ph(load(from), _MM_FROUND_TO_NEAREST_INT));
    const __m512i twice = _mm512_or_si512(half, _mm512_slli_epi32(half, 16));
    std::memcpy(to, &twice, sizeof twice);
#else
    std::memcpy(to, from, kDepth * sizeof(Word));
#endif
  }
  return to;
}
FACENET_INLINE Word* cleared(I count, Word* to) {
  for (I i = 0; i < count; ++i) std::memset(to + i * kDepth, 0, kDepth * sizeof(Word));
  return to + count * kDepth;
}

FACENET_INLINE I clamped(I value, I low, I high) { return value < low ? low : value > high ? high : value; }

// The part's pixels in all planes, zeros where the kernel sees padding.
FACENET_INLINE void gather(const StreamedMap& map, const StreamedPart& part, const Number* src, Word* to) {
  for (I plane = 0; plane < map.planes(); ++plane) {
    const I place = plane / map.src_blocks;
    const I kernel_y = place / map.kernel_width;
    const I kernel_x = place % map.kernel_width;
    const Number* from = src + plane % map.src_blocks * map.height * map.width * kLanes;
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
      const Number* row = from + (from_y * map.width + inside * map.stride_x + left) * kLanes;
      to = copied(row, map.stride_x, outside - inside, to);
      to = cleared(end - outside, to);
    }
  }
}

FACENET_INLINE void run(const StreamedMap& map, const StreamedPart& part, const ConvolutionArguments& a, void* scratch,
                        float* sums) {
  const I pixels = part.last - part.first;
  const I turns = (pixels + kRows - 1) / kRows;
  const I all_groups = map.groups(kBlocks);
  const Word* all;
  I step;
  if (map.gathers) {  // all at once: what has just been stored would hold up the products of each chunk
    gather(map, part, static_cast<const Number*>(a.src), static_cast<Word*>(scratch));
    all = static_cast<Word*>(scratch);
    step = pixels * kDepth;
  } else {
    all = static_cast<const Word*>(a.src) + part.first * kDepth;
    step = map.pixels() * kDepth;
  }
  for (I first = 0; first < map.planes(); first += map.chunk) {
    const I left = map.planes() - first;
    const I count = left < map.chunk ? left : map.chunk;
    const Chunk chunk{{first == 0, count == left}, all + first * step, step, count, sums};
    const Word* weights = static_cast<const Word*>(a.weights) + first * all_groups * kSquare;
    for (I index = part.first_group; index < part.last_group;) {
      const I width = part.last_group - index > 1 ? 2 : 1;
      const Group group{index, weights + index * count * kSquare};
      // Where the next weights are: behind these, or in the next chunk.
      const Word* next = group.weights + width * count * kSquare;
      if (index + width == part.last_group) {
        const I rest = left - count < map.chunk ? left - count : map.chunk;
        next = weights + (all_groups * count + part.first_group * rest) * kSquare;
      }
      for (I turn = 0; turn < turns; ++turn) {  // of nearly equal size
        const I from = pixels * turn / turns;
        const I rows = pixels * (turn + 1) / turns - from;
        // The first turns ask for one line with each k; a single one for two.
        const I each = turns < width ? width : 1;
        const bool asks = turn < width && !(chunk.ends.last && index + width == part.last_group);
        const Ahead ahead{asks ? next + turn * count * kSquare : group.weights, asks ? kLanes : 0,
                          asks && each == 2 ? count * kSquare : 0};
        const Word* at = chunk.planes + from * kDepth;
        if (width == 2) {
          product_of_rows<kRows, 2>(rows, map, a, chunk, at, group, part.first + from, ahead);
        } else {
          product_of_rows<kRows, 1>(rows, map, a, chunk, at, group, part.first + from, ahead);
        }
      }
      index += width;
    }
  }
}

}  // namespace
}  // namespace facenet::kernels
