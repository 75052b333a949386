// The Winograd kernel for one instruction set, which defines FACENET_LANES, the floats of a vector, and FACENET_ROWS:
// that many tiles by two vectors are the sums its registers hold. Everything has internal linkage: each has its own
// copy.
//   V = B^T d B of each tile d of the source;  M = V U for each point;  dst = A^T M A + bias
// with U = G g G^T made beforehand. The points are 0, 1, -1, infinity, and for six of them 2, -2 too.
#pragma once

#include "kernels/vector_lanes.hpp"
#include "kernels/winograd_tiles.hpp"

namespace facenet::kernels {
namespace {

constexpr int kRows = FACENET_ROWS;

// One axis of B^T d.
FACENET_INLINE void transform_source(const Vector (&d)[4], Vector (&t)[4]) {
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}
FACENET_INLINE void transform_source(const Vector (&d)[6], Vector (&t)[6]) {
  const Vector even = d[4] - 4.0F * d[2];
  const Vector odd = d[3] - 4.0F * d[1];
  const Vector even2 = d[4] - d[2];
  const Vector odd2 = 2.0F * (d[3] - d[1]);
  t[0] = 4.0F * d[0] - 5.0F * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = even2 + odd2;
  t[4] = even2 - odd2;
  t[5] = 4.0F * d[1] - 5.0F * d[3] + d[5];
}

// One axis of A^T t.
FACENET_INLINE void transform_result(const Vector (&t)[4], Vector (&o)[2]) {
  o[0] = t[0] + t[1] + t[2];
  o[1] = t[1] - t[2] - t[3];
}
FACENET_INLINE void transform_result(const Vector (&t)[6], Vector (&o)[2]) {
  o[0] = t[0] + (t[1] + t[2]) + (t[3] + t[4]);
  o[1] = (t[1] - t[2]) + 2.0F * (t[3] - t[4]) + t[5];
}
FACENET_INLINE void transform_result(const Vector (&t)[6], Vector (&o)[4]) {
  const Vector sum = t[1] + t[2];
  const Vector difference = t[1] - t[2];
  const Vector sum2 = t[3] + t[4];
  const Vector difference2 = t[3] - t[4];
  o[0] = t[0] + sum + sum2;
  o[1] = difference + 2.0F * difference2;
  o[2] = sum + 4.0F * sum2;
  o[3] = difference + 8.0F * difference2 + t[5];
}

// dst[r][w] = sum over c of v[r][c] * u[c][w], r < kR, w < kW vectors; rows of v are `channels` apart, those of dst
// `step`.
template <int kR, int kW>
FACENET_INLINE void product(const float* v, const float* u, I channels, float* dst, I step) {
  Vector sum[kR][kW] = {};
  for (I c = 0; c < channels; ++c) {
    Vector weights[kW];
#pragma GCC unroll 2
    for (int w = 0; w < kW; ++w) weights[w] = load(u + (c * kW + w) * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      const float value = v[r * channels + c];
#pragma GCC unroll 2
      for (int w = 0; w < kW; ++w) sum[r][w] += value * weights[w];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 2
    for (int w = 0; w < kW; ++w) store(dst + r * step + w * kLanes, sum[r][w]);
  }
}

template <int kR, int kW>
void product_of_rows(I rows, const float* v, const float* u, I channels, float* dst, I step) {
  if (rows == kR) return product<kR, kW>(v, u, channels, dst, step);
  if constexpr (kR > 1) product_of_rows<kR - 1, kW>(rows, v, u, channels, dst, step);
}

struct Tile {
  I image, y, x;  // of its first result
  Tile(const WinogradTiles& t, I index)
      : image(index / (t.rows * t.columns)), y(index / t.columns % t.rows * t.m), x(index % t.columns * t.m) {}
};

template <int kPoints, typename T>
void gather(const WinogradTiles& t, I first, I count, const T* src, float* v, I plane) {
  const I channels = t.src_blocks * kLanes;
  const I block = t.height * t.width * kLanes;
  for (I i = 0; i < count; ++i) {
    const Tile tile(t, first + i);
    const I top = tile.y - t.pad_top;
    const I left = tile.x - t.pad_left;
    const I y0 = top < 0 ? -top : 0;
    const I y1 = t.height - top < kPoints ? t.height - top : kPoints;
    const I x0 = left < 0 ? -left : 0;
    const I x1 = t.width - left < kPoints ? t.width - left : kPoints;
    const bool inside = y0 == 0 && x0 == 0 && y1 == kPoints && x1 == kPoints;
    const T* from = src + tile.image * t.src_blocks * block + (top * t.width + left) * kLanes;
    float* to = v + i * channels;
    for (I b = 0; b < t.src_blocks; ++b) {
      Vector half[kPoints][kPoints];  // transformed along x
      for (int y = 0; y < kPoints; ++y) {
        Vector d[kPoints];
        const T* row = from + b * block + y * t.width * kLanes;
        if (inside) {
#pragma GCC unroll 6
          for (int x = 0; x < kPoints; ++x) d[x] = load(row + x * kLanes);
        } else {
#pragma GCC unroll 6
          for (int x = 0; x < kPoints; ++x) {
            d[x] = y >= y0 && y < y1 && x >= x0 && x < x1 ? load(row + x * kLanes) : Vector{};
          }
        }
        transform_source(d, half[y]);
      }
#pragma GCC unroll 6
      for (int x = 0; x < kPoints; ++x) {
        Vector d[kPoints];
        Vector result[kPoints];
#pragma GCC unroll 6
        for (int y = 0; y < kPoints; ++y) d[y] = half[y][x];
        transform_source(d, result);
#pragma GCC unroll 6
        for (int y = 0; y < kPoints; ++y) store(to + (y * kPoints + x) * plane + b * kLanes, result[y]);
      }
    }
  }
}

// The tiles' results in one block of channels, from products `step` apart.
template <int kPoints, int kM, typename T>
void scatter(const WinogradTiles& t, I first, I count, I block, const float* products, I plane, I step,
             const ConvolutionArguments& a) {
  const Vector bias = a.bias == nullptr ? Vector{} : load(a.bias + block * kLanes);
  const Vector slopes = a.slopes == nullptr ? Vector{} : load(a.slopes + block * kLanes);
  const auto* sum = static_cast<const T*>(a.sum);
  auto* dst = static_cast<T*>(a.dst);
  for (I i = 0; i < count; ++i) {
    const Tile tile(t, first + i);
    Vector half[kM][kPoints];  // transformed along y
#pragma GCC unroll 6
    for (int x = 0; x < kPoints; ++x) {
      Vector column[kPoints];
      Vector result[kM];
#pragma GCC unroll 6
      for (int y = 0; y < kPoints; ++y) column[y] = load(products + (y * kPoints + x) * plane + i * step);
      transform_result(column, result);
#pragma GCC unroll 4
      for (int y = 0; y < kM; ++y) half[y][x] = result[y];
    }
    const I at = (((tile.image * t.dst_blocks + block) * t.out_height + tile.y) * t.out_width + tile.x) * kLanes;
    const I y1 = t.out_height - tile.y < kM ? t.out_height - tile.y : kM;
    const I x1 = t.out_width - tile.x < kM ? t.out_width - tile.x : kM;
    for (I y = 0; y < y1; ++y) {
      Vector result[kM];
      transform_result(half[y], result);
      for (I x = 0; x < x1; ++x) {
        const I pixel = at + (y * t.out_width + x) * kLanes;
        Vector value = result[x] + bias;
        if (sum != nullptr) value += load(sum + pixel);
        if (t.relu) value = value > 0 ? value : Vector{};
        if (a.slopes != nullptr) value = value > 0 ? value : value * slopes;
        store(dst + pixel, value);
      }
    }
  }
}

// kW blocks side by side.
template <int kPoints, int kM, int kW, typename T>
void panel(const WinogradTiles& t, I first, I count, I index, const float* v, I plane, const ConvolutionArguments& a,
           float* products) {
  const I channels = t.src_blocks * kLanes;
  const I step = kW * kLanes;
  const I products_plane = count * step + kLanes;
  const I parts = (count + kRows - 1) / kRows;
  for (I point = 0; point < kPoints * kPoints; ++point) {
    const float* u =
        static_cast<const float*>(a.weights) + (index * kPoints * kPoints * 2 + point * kW) * channels * kLanes;
    for (I part = 0; part < parts; ++part) {  // of nearly equal size
      const I from = count * part / parts;
      const I rows = count * (part + 1) / parts - from;
      product_of_rows<kRows, kW>(rows, v + point * plane + from * channels, u, channels,
                                 products + point * products_plane + from * step, step);
    }
  }
  for (I w = 0; w < kW; ++w) {
    scatter<kPoints, kM, T>(t, first, count, index * 2 + w, products + w * kLanes, products_plane, step, a);
  }
}

template <int kPoints, int kM, typename T>
void run_as(const WinogradTiles& t, I first, I count, I first_panel, I last_panel, const ConvolutionArguments& a,
            float* scratch) {
  const I plane = count * t.src_blocks * kLanes + kLanes;  // not a power of two: all would lie on the same cache lines
  float* products = scratch + kPoints * kPoints * plane;
  gather<kPoints>(t, first, count, static_cast<const T*>(a.src), scratch, plane);
  for (I index = first_panel; index < last_panel; ++index) {
    if (index * 2 + 1 < t.dst_blocks) {
      panel<kPoints, kM, 2, T>(t, first, count, index, scratch, plane, a, products);
    } else {
      panel<kPoints, kM, 1, T>(t, first, count, index, scratch, plane, a, products);
    }
  }
}

template <typename T>
FACENET_INLINE void run_on(const WinogradTiles& t, I first, I count, I first_panel, I last_panel,
                           const ConvolutionArguments& a, float* scratch) {
  if (t.m == 4) {
    run_as<6, 4, T>(t, first, count, first_panel, last_panel, a, scratch);
  } else if (t.r == 5) {
    run_as<6, 2, T>(t, first, count, first_panel, last_panel, a, scratch);
  } else {
    run_as<4, 2, T>(t, first, count, first_panel, last_panel, a, scratch);
  }
}

FACENET_INLINE void run(const WinogradTiles& t, I first, I count, I first_panel, I last_panel,
                        const ConvolutionArguments& a, float* scratch) {
  if (t.bf16) {
    run_on<std::uint16_t>(t, first, count, first_panel, last_panel, a, scratch);
  } else {
    run_on<float>(t, first, count, first_panel, last_panel, a, scratch);
  }
}

}  // namespace
}  // namespace facenet::kernels
