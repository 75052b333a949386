// Draws augmentations, and applies the part of them that is not a warp.
#include "data/augmentation.hpp"

#include <algorithm>
#include <cmath>

#include <facenet/error.hpp>

namespace facenet {

AugmentationDraw draw_augmentation(const Augmentation& s, PixelSize size, Random random) {
  const auto probability = [](double p) { return p >= 0 && p <= 1; };
  if (!probability(s.flip) || !probability(s.grayscale) || !probability(s.low_resolution) || !probability(s.erase) ||
      !(s.shift >= 0 && s.shift <= 1) || !(s.scale >= 0 && s.scale < 1) || !(s.rotation >= 0 && s.rotation <= 180) ||
      !(s.brightness >= 0 && s.brightness <= 1) || !(s.contrast >= 0 && s.contrast <= 1) ||
      !(s.saturation >= 0 && s.saturation <= 1) || !(s.smallest > 0 && s.smallest <= 1) ||
      !(s.erase_size >= 0 && s.erase_size <= 1) || !probability(s.degrade) ||
      !(s.fewest_pixels > 0 && s.fewest_pixels <= 0.5) || s.worst_jpeg < 1 || s.worst_jpeg > 70) {
    throw InvalidArgument("augmentation: probabilities and shares are within 0 to 1, rotation within 0 to 180 degrees");
  }
  const auto either_way = [&](double amount) { return random.uniform(-amount, amount); };
  AugmentationDraw draw;
  const double mirror = random.chance(s.flip) ? -1 : 1;
  const double zoom = std::exp(either_way(std::log1p(s.scale)));
  const double angle = either_way(s.rotation) * std::numbers::pi / 180;
  const double x = (size.width - 1) / 2.0;
  const double y = (size.height - 1) / 2.0;
  const double cosine = zoom * std::cos(angle);
  const double sine = zoom * std::sin(angle);
  draw.map = Affine{1, 0, -x, 0, 1, -y}
                 .then({mirror * cosine, -sine, 0, mirror * sine, cosine, 0})
                 .then({1, 0, x + either_way(s.shift) * size.width, 0, 1, y + either_way(s.shift) * size.height});

  const double contrast = 1 + either_way(s.contrast);
  const double offset = 255 * either_way(s.brightness) + 127.5 * (1 - contrast);
  double saturation = 1 + either_way(s.saturation);
  if (random.chance(s.grayscale)) saturation = 0;
  constexpr std::array<double, 3> kLuma{0.299, 0.587, 0.114};
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double keep = c == k ? saturation : 0;
      draw.colour[c * 4 + k] = static_cast<float>(contrast * (keep + (1 - saturation) * kLuma[k]));
    }
    draw.colour[c * 4 + 3] = static_cast<float>(offset);
  }
  draw.recolour = contrast != 1 || offset != 0 || saturation != 1;

  const bool blur = random.chance(s.low_resolution);
  const double share = random.uniform(s.smallest, 1);
  if (blur) draw.low_resolution = share;

  const bool erase = random.chance(s.erase);
  const auto side = [&](int whole) {
    return static_cast<int>(std::lround(random.uniform(0.3, 1) * s.erase_size * whole));
  };
  draw.erase_width = side(size.width);
  draw.erase_height = side(size.height);
  draw.erase_x = static_cast<int>(random.below(static_cast<std::uint64_t>(size.width - draw.erase_width) + 1));
  draw.erase_y = static_cast<int>(random.below(static_cast<std::uint64_t>(size.height - draw.erase_height) + 1));
  for (auto& value : draw.erase_colour) value = static_cast<std::uint8_t>(random.below(256));
  if (!erase) draw.erase_width = draw.erase_height = 0;

  const bool degrade = random.chance(s.degrade);
  const double pixels = std::exp(random.uniform(std::log(s.fewest_pixels), std::log(0.5)));
  const auto quality = s.worst_jpeg + static_cast<int>(random.below(static_cast<std::uint64_t>(71 - s.worst_jpeg)));
  if (degrade) {
    draw.degradation = {static_cast<int>(std::lround(pixels * std::max(size.width, size.height))), quality};
  }
  return draw;
}

void apply_colour_and_erase(const AugmentationDraw& draw, PixelSize size, std::uint8_t* pixels) {
  if (draw.recolour) {
    const auto& m = draw.colour;
    const auto value = [](float v) { return static_cast<std::uint8_t>(std::clamp(v + 0.5F, 0.0F, 255.0F)); };
    std::uint8_t* p = pixels;
    for (int i = 0; i < size.width * size.height; ++i, p += 3) {
      const auto r = static_cast<float>(p[0]);
      const auto g = static_cast<float>(p[1]);
      const auto b = static_cast<float>(p[2]);
      p[0] = value(m[0] * r + m[1] * g + m[2] * b + m[3]);
      p[1] = value(m[4] * r + m[5] * g + m[6] * b + m[7]);
      p[2] = value(m[8] * r + m[9] * g + m[10] * b + m[11]);
    }
  }
  for (int y = draw.erase_y; y < draw.erase_y + draw.erase_height; ++y) {
    for (int x = draw.erase_x; x < draw.erase_x + draw.erase_width; ++x) {
      std::copy_n(draw.erase_colour.begin(), 3, pixels + (std::ptrdiff_t{y} * size.width + x) * 3);
    }
  }
}

}  // namespace facenet
