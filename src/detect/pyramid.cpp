// Sizes, area interpolation, packing.
#include "detect/pyramid.hpp"

#include <algorithm>
#include <cstdint>

#include "base/simd.hpp"
#include "base/threads.hpp"

namespace facenet::detect {
namespace {

constexpr int kWindow = 12;  // of P-Net
constexpr int kOverlap = kWindow - 2;

// The pixels that number `index` of `count` stands for.
struct Bin {
  int begin, end;
  Bin(int index, int count, int extent)
      : begin(static_cast<int>(static_cast<std::int64_t>(index) * extent / count)),
        end(static_cast<int>(((static_cast<std::int64_t>(index) + 1) * extent + count - 1) / count)) {}
};

FACENET_SIMD void add_row(const std::uint8_t* row, std::size_t count, std::uint32_t* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += row[i];
}

int even(int value) { return value + value % 2; }
int to_32(int value) { return (value + 31) / 32 * 32; }

// Pieces go beside each other on shelves, as high as the first of each; a canvas that is full is followed by another.
class Shelves {
 public:
  explicit Shelves(int width) : width_(width) {}

  void place(Piece& piece) {
    const int width = even(piece.window.width);
    const int height = even(piece.window.height);
    if (x_ + width > width_ || height > shelf_) {
      y_ += shelf_;
      x_ = 0;
      shelf_ = height;
    }
    if (y_ + height > kLargestCanvas) {
      ++canvas_;
      x_ = y_ = 0;
      shelf_ = height;
    }
    piece.canvas = canvas_;
    piece.x = x_;
    piece.y = y_;
    x_ += width;
    height_ = std::max(height_, y_ + height);
  }
  int height() const { return height_; }
  int canvases() const { return canvas_ + 1; }

 private:
  int width_;
  int canvas_ = 0, x_ = 0, y_ = 0, shelf_ = 0, height_ = 0;
};

}  // namespace

std::vector<double> scales(int width, int height, int minimum_size, double factor) {
  std::vector<double> list;
  double scale = static_cast<double>(kWindow) / minimum_size;
  for (double side = std::min(width, height) * scale; side >= kWindow; side *= factor) {
    list.push_back(scale);
    scale *= factor;
  }
  return list;
}

void resize_area(const Image& image, const Part& part, int width, int height, const Part& window, const Planes& dst) {
  std::vector<Bin> columns;
  for (int x = 0; x < window.width; ++x) columns.emplace_back(window.x + x, width, part.width);
  const int first = columns.front().begin;
  const auto count = static_cast<std::size_t>(columns.back().end - first) * 3;
  std::vector<std::uint32_t> sums(count);
  for (int y = 0; y < window.height; ++y) {
    const Bin rows(window.y + y, height, part.height);
    std::fill(sums.begin(), sums.end(), 0U);
    for (int row = rows.begin; row < rows.end; ++row) {
      add_row(image.at(part.x + first, part.y + row), count, sums.data());
    }
    float* out = dst.first + static_cast<std::size_t>(y) * dst.row;
    for (const Bin& bin : columns) {
      std::uint64_t red = 0, green = 0, blue = 0;
      const std::uint32_t* at = sums.data() + static_cast<std::size_t>(bin.begin - first) * 3;
      for (int x = bin.begin; x < bin.end; ++x, at += 3) {
        red += at[0];
        green += at[1];
        blue += at[2];
      }
      const double scale = 1.0 / (static_cast<double>(bin.end - bin.begin) * (rows.end - rows.begin));
      const auto normal = [&](std::uint64_t sum) {
        return (static_cast<float>(static_cast<double>(sum) * scale) - 127.5F) * 0.0078125F;
      };
      out[0] = normal(red);
      out[dst.plane] = normal(green);
      out[2 * dst.plane] = normal(blue);
      ++out;
    }
  }
}

Packing pack(int width, int height, std::span<const double> scales) {
  Packing packing;
  if (scales.empty()) return packing;
  const int first = even(scaled(width, scales[0]));
  const int second = scales.size() > 1 ? even(scaled(width, scales[1])) : 0;
  packing.width = std::min(to_32(first + second), kLargestCanvas);
  Shelves shelves(packing.width);
  constexpr int kStep = kLargestCanvas - kOverlap;
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const int w = scaled(width, scales[i]);
    const int h = scaled(height, scales[i]);
    for (int y = 0; y + kOverlap < even(h); y += kStep) {
      for (int x = 0; x + kOverlap < even(w); x += kStep) {
        Piece piece{i, {x, y, std::min(w - x, kLargestCanvas), std::min(h - y, kLargestCanvas)}, 0, 0, 0, 0, 0};
        piece.columns = (even(piece.window.width) - kOverlap) / 2;
        piece.rows = (even(piece.window.height) - kOverlap) / 2;
        shelves.place(piece);
        packing.pieces.push_back(piece);
      }
    }
  }
  packing.canvases = shelves.canvases();
  packing.height = packing.canvases > 1 ? kLargestCanvas : std::min(to_32(shelves.height()), kLargestCanvas);
  return packing;
}

}  // namespace facenet::detect
