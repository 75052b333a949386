// Affine maps, templates, least-squares similarity, bilinear warp.
#include "data/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Geometry>

#include <facenet/error.hpp>

#include "data/resample.hpp"

namespace facenet {
namespace {

constexpr double kLargestPlainShrink = 2;

void require_size(int width, int height) {
  if (width < 1 || height < 1 || width > Image::kMaxSide || height > Image::kMaxSide) {
    throw InvalidArgument("there are no pictures of " + std::to_string(width) + "x" + std::to_string(height) +
                          " pixels");
  }
}

}  // namespace

Affine Affine::then(const Affine& next) const {
  return {next.a * a + next.b * d, next.a * b + next.b * e, next.a * c + next.b * f + next.c,
          next.d * a + next.e * d, next.d * b + next.e * e, next.d * c + next.e * f + next.f};
}

Affine Affine::inverse() const {
  const double determinant = a * e - b * d;
  if (!(std::abs(determinant) > 1e-12) || !std::isfinite(determinant) || !std::isfinite(c) || !std::isfinite(f)) {
    throw InvalidArgument("an affine map that flattens the image cannot be inverted (do the landmarks coincide?)");
  }
  const double k = 1 / determinant;
  return {e * k, -b * k, (b * f - e * c) * k, -d * k, a * k, (d * c - a * f) * k};
}

double Affine::scale() const { return std::sqrt(std::abs(a * e - b * d)); }

FaceTemplate arcface_template(PixelSize size, float margin) {
  require_size(size.width, size.height);
  if (!(margin > -1 && margin < 16)) {
    throw InvalidArgument("no face template with a margin of " + std::to_string(margin));
  }
  static constexpr Landmarks kPoints{38.2946F, 51.6963F, 73.5318F, 51.5014F, 56.0252F,
                                     71.7366F, 41.5493F, 92.3655F, 70.7299F, 92.2041F};
  FaceTemplate result{size.width, size.height, kPoints};
  // Scaled about the centre of the picture, 55.5 in coordinates of pixel centres.
  const float scale = static_cast<float>(size.shorter()) / 112.0F / (1 + margin);
  const float centre[] = {static_cast<float>(size.width - 1) / 2, static_cast<float>(size.height - 1) / 2};
  if (size != 112 || margin != 0) {
    for (std::size_t i = 0; i < result.points.size(); ++i) {
      result.points[i] = (result.points[i] - 55.5F) * scale + centre[i % 2];
    }
  }
  return result;
}

FaceTemplate dlib_template() {
  return {150, 150, {48.543F, 46.661F, 102.429F, 46.661F, 75.298F, 78.847F, 51.735F, 105.581F, 98.907F, 105.655F}};
}

Affine fit_similarity(std::span<const float> from, std::span<const float> to) {
  if (from.size() != to.size() || from.size() < 4 || from.size() % 2 != 0) {
    throw InvalidArgument("fit_similarity: needs as many points on both sides, two at least");
  }
  using Points = Eigen::Matrix<double, 2, Eigen::Dynamic>;
  const auto points = [](std::span<const float> list) -> Points {
    return Eigen::Map<const Eigen::Matrix<float, 2, Eigen::Dynamic>>(list.data(), 2,
                                                                     static_cast<Eigen::Index>(list.size() / 2))
        .cast<double>();
  };
  const Points source = points(from);
  const Points target = points(to);
  const double spread = (source.colwise() - source.rowwise().mean()).squaredNorm();
  if (!(spread > 1e-6) || !std::isfinite(spread) || !target.allFinite()) {
    throw InvalidArgument("fit_similarity: the points coincide or are not finite: no face can be aligned to them");
  }
  const Eigen::Matrix3d map = Eigen::umeyama(source, target);
  return {map(0, 0), map(0, 1), map(0, 2), map(1, 0), map(1, 1), map(1, 2)};
}

Affine centre_crop_map(PixelSize photograph, float fraction, PixelSize input) {
  const auto [width, height] = photograph;
  if (width < 1 || height < 1 || !(fraction > 0 && fraction <= 1)) {
    throw InvalidArgument("centre crop: fraction " + std::to_string(fraction) + " is not above 0 and up to 1");
  }
  const double scale = std::max(double(input.width) / width, double(input.height) / height) / double{fraction};
  return {scale, 0,     (input.width - 1 - scale * (width - 1)) / 2,
          0,     scale, (input.height - 1 - scale * (height - 1)) / 2};
}

namespace {

struct Part {
  Window window;
  double shrink;     // by the map
  Affine to_output;  // from the window
  bool plain() const { return shrink <= kLargestPlainShrink; }
};

// What a warp reads.
Part part_of(const Image& image, const Affine& to_output, int width, int height, double context) {
  require_size(width, height);
  if (image.empty()) throw InvalidArgument("cannot warp an image without pixels");
  const Affine back = to_output.inverse();
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (const double x : {-context * width, (1 + context) * width - 1}) {
    for (const double y : {-context * height, (1 + context) * height - 1}) {
      const auto [sx, sy] = back(x, y);
      left = std::min(left, sx), right = std::max(right, sx);
      top = std::min(top, sy), bottom = std::max(bottom, sy);
    }
  }
  const double shrink = 1 / to_output.scale();
  const double border = std::max(2.0, 2 * shrink);  // what the filters reach for
  const auto clamp = [](double value, int limit) { return static_cast<int>(std::clamp<double>(value, 0, limit)); };
  const int x0 = clamp(std::floor(left - border), image.width() - 1);
  const int y0 = clamp(std::floor(top - border), image.height() - 1);
  const int x1 = std::max(x0 + 1, clamp(std::ceil(right + border) + 1, image.width()));
  const int y1 = std::max(y0 + 1, clamp(std::ceil(bottom + border) + 1, image.height()));
  return {{x0, y0, x1, y1}, shrink, Affine{1, 0, double(x0), 0, 1, double(y0)}.then(to_output)};
}

// The part at the output's scale.
Region shrunk(const Image& image, const Part& part) {
  const auto [window, shrink, to_output] = part;
  const int w = std::max(1, static_cast<int>(std::lround(window.width() / shrink)));
  const int h = std::max(1, static_cast<int>(std::lround(window.height() / shrink)));
  // The centre of pixel i of the smaller image lies at (i + 1/2) * step - 1/2.
  const double step_x = double(window.width()) / w;
  const double step_y = double(window.height()) / h;
  const Affine to_part{step_x, 0, step_x / 2 - 0.5, 0, step_y, step_y / 2 - 0.5};
  return {resized(image, window, w, h), to_part.then(to_output)};
}

// Whether a warp to the image's own size changes no pixel: positions are rounded to 1/32.
bool changes_nothing(const Affine& map, const Image& image) {
  constexpr double kRounded = 0.01;
  for (const double x : {0, image.width() - 1}) {
    for (const double y : {0, image.height() - 1}) {
      const auto [u, v] = map(x, y);
      if (std::abs(u - x) > kRounded || std::abs(v - y) > kRounded) return false;
    }
  }
  return true;
}

void warp_window(const Image& image, const Window& window, const Affine& to_output, int width, int height,
                 std::uint8_t* out) {
  require_size(width, height);
  const Affine back = to_output.inverse();
  // Positions in 1/65536 pixel, rounded to 1/32. Three channels ride in one 64-bit word, 21 bits each: a value times
  // weights that sum to 1024 needs 18.
  constexpr double kOne = 65536;
  constexpr std::uint64_t kHalf = 512U | (std::uint64_t{512} << 21U) | (std::uint64_t{512} << 42U);
  const auto fixed = [](double value) { return std::llround(std::clamp(value, -1e6, 1e6) * kOne); };
  std::vector<std::int64_t> along(static_cast<std::size_t>(width) * 2);
  for (int x = 0; x < width; ++x) {
    along[static_cast<std::size_t>(x) * 2] = fixed(back.a * x);
    along[static_cast<std::size_t>(x) * 2 + 1] = fixed(back.d * x);
  }
  const std::int64_t columns = window.width();
  const std::int64_t rows = window.height();
  const std::int64_t stride = std::int64_t{image.width()} * 3;
  const std::uint8_t* pixels = image.at(window.x0, window.y0);
  const auto packed = [](const std::uint8_t* p) {
    return std::uint64_t{p[0]} | (std::uint64_t{p[1]} << 21U) | (std::uint64_t{p[2]} << 42U);
  };
  const auto tap = [&](std::int64_t x, std::int64_t y) {
    return x >= 0 && y >= 0 && x < columns && y < rows ? packed(pixels + y * stride + x * 3) : 0;
  };
  for (int y = 0; y < height; ++y) {
    const std::int64_t row_x = fixed(back.b * y + back.c) + 1024;
    const std::int64_t row_y = fixed(back.e * y + back.f) + 1024;
    for (int x = 0; x < width; ++x) {
      const std::int64_t sx = (row_x + along[static_cast<std::size_t>(x) * 2]) >> 11;
      const std::int64_t sy = (row_y + along[static_cast<std::size_t>(x) * 2 + 1]) >> 11;
      const std::int64_t ix = sx >> 5;
      const std::int64_t iy = sy >> 5;
      const auto wx = static_cast<std::uint64_t>(sx & 31);
      const auto wy = static_cast<std::uint64_t>(sy & 31);
      std::uint64_t sum = kHalf;
      if (ix >= 0 && iy >= 0 && ix + 1 < columns && iy + 1 < rows) {
        const std::uint8_t* p = pixels + iy * stride + ix * 3;
        const std::uint8_t* q = p + stride;
        sum += (packed(p) * (32 - wx) + packed(p + 3) * wx) * (32 - wy) +
               (packed(q) * (32 - wx) + packed(q + 3) * wx) * wy;
      } else {
        sum += (tap(ix, iy) * (32 - wx) + tap(ix + 1, iy) * wx) * (32 - wy) +
               (tap(ix, iy + 1) * (32 - wx) + tap(ix + 1, iy + 1) * wx) * wy;
      }
      out[0] = static_cast<std::uint8_t>(sum >> 10U);
      out[1] = static_cast<std::uint8_t>(sum >> 31U);
      out[2] = static_cast<std::uint8_t>(sum >> 52U);
      out += 3;
    }
  }
}

}  // namespace

Region cut_region(const Image& image, const Affine& to_output, int width, int height, double context) {
  const Part part = part_of(image, to_output, width, height, context);
  if (!part.plain()) return shrunk(image, part);
  const Window& w = part.window;
  return {image.cropped(w.x0, w.y0, w.width(), w.height()), part.to_output};
}

void warp_bilinear(const Image& image, const Affine& to_output, int width, int height, std::uint8_t* out) {
  warp_window(image, {0, 0, image.width(), image.height()}, to_output, width, height, out);
}

Image warp(const Image& image, const Affine& to_output, int width, int height) {
  const Part part = part_of(image, to_output, width, height, 0);
  if (part.plain()) {
    Image result(width, height);
    warp_window(image, part.window, part.to_output, width, height, result.data());
    return result;
  }
  Region region = shrunk(image, part);
  if (region.image.width() == width && region.image.height() == height &&
      changes_nothing(region.to_output, region.image)) {
    return std::move(region.image);
  }
  Image result(width, height);
  warp_bilinear(region.image, region.to_output, width, height, result.data());
  return result;
}

Image turned(const Image& image, int quarters) {
  Image result = image;
  for (; quarters > 0; --quarters) {
    Image next(result.height(), result.width());
    for (int y = 0; y < result.height(); ++y) {
      for (int x = 0; x < result.width(); ++x) std::copy_n(result.at(x, y), 3, next.at(result.height() - 1 - y, x));
    }
    result = std::move(next);
  }
  return result;
}

Image cut_box(const Image& image, const std::array<float, 4>& box, float margin, PixelSize input, int quarters) {
  const bool lies = quarters % 2 != 0;
  const auto grow = [&](float low, float high, int side) {
    return double{margin} * (double{high} - double{low}) / (side - double{margin}) / 2;
  };
  const double x = grow(box[0], box[2], lies ? input.height : input.width);
  const double y = grow(box[1], box[3], lies ? input.width : input.height);
  const auto inside = [](double value, int limit) { return static_cast<int>(std::clamp<double>(value, 0, limit)); };
  if (std::all_of(box.begin(), box.end(), [](float value) { return std::isfinite(value); })) {
    const int left = inside(box[0] - x, image.width()), right = inside(box[2] + x, image.width());
    const int top = inside(box[1] - y, image.height()), bottom = inside(box[3] + y, image.height());
    if (left < right && top < bottom) {
      const Image face = image.cropped(left, top, right - left, bottom - top);
      return turned(face, quarters).resized(input.width, input.height);
    }
  }
  throw InvalidArgument("the box of the face has no pixel of the image");
}

}  // namespace facenet
