// Draws people and pictures. The ranges are what a crowd shows, widened a little where a small picture would hide it.
#include "data/face_model.hpp"

#include <algorithm>
#include <cmath>

namespace facenet::faces {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  float range(double low, double high) { return static_cast<float>(random_.uniform(low, high)); }
  float normal(double deviation) { return static_cast<float>(std::clamp(random_.normal(), -2.2, 2.2) * deviation); }
  bool chance(double probability) { return random_.chance(probability); }
  Colour colour(double low, double high) { return {range(low, high), range(low, high), range(low, high)}; }
  std::uint64_t seed() { return random_.next(); }

 private:
  Random random_;
};

}  // namespace

Person draw_person(std::uint64_t seed) {
  Draw draw(mix(seed ^ 0x9e2a1cULL));
  Person p;
  p.width = draw.range(0.66, 0.80);
  p.depth = draw.range(0.78, 0.92);
  p.jaw = draw.range(-0.18, 0.20);
  p.cheek = draw.range(-0.05, 0.09);
  p.chin = draw.range(0.0, 0.09);
  p.ear_size = draw.range(0.13, 0.22);
  p.ear_out = draw.range(0.0, 0.07);

  p.eye_x = draw.range(0.285, 0.34);
  p.eye_y = draw.range(-0.05, 0.05);
  p.eye_width = draw.range(0.115, 0.165);
  p.eye_height = draw.range(0.040, 0.096);
  p.eye_slant = draw.range(-0.20, 0.24);
  p.eye_power = draw.range(1.5, 3.2);
  p.iris = draw.range(0.058, 0.082);
  p.crease = draw.chance(0.25) ? 0.0F : draw.range(0.02, 0.06);
  p.eye_depth = draw.range(0.02, 0.11);
  p.bags = draw.chance(0.5) ? draw.range(0.0, 0.6) : 0.0F;
  static constexpr std::array<Colour, 6> kIris{{{0.20F, 0.11F, 0.06F},
                                                {0.33F, 0.20F, 0.10F},
                                                {0.42F, 0.36F, 0.18F},
                                                {0.30F, 0.45F, 0.30F},
                                                {0.30F, 0.47F, 0.66F},
                                                {0.50F, 0.56F, 0.60F}}};
  p.iris_colour = kIris[static_cast<std::size_t>(draw.range(0, 5.999))];
  for (float& v : p.iris_colour) v *= draw.range(0.85, 1.15);

  p.brow_y = draw.range(-0.27, -0.14);
  p.brow_inner = draw.range(-0.18, -0.10);
  p.brow_outer = draw.range(0.14, 0.24);
  p.brow_arch = draw.range(0.0, 0.10);
  p.brow_peak = draw.range(0.35, 0.75);
  p.brow_tilt = draw.range(-0.26, 0.26);
  p.brow_thickness = draw.range(0.015, 0.056);
  p.brow_density = draw.range(0.5, 1.0);

  p.nose_y = draw.range(0.35, 0.44);
  p.nose_width = draw.range(0.085, 0.18);
  p.nose_bridge = draw.range(0.045, 0.10);
  p.nose_tip = draw.range(0.05, 0.11);
  p.nostril = draw.range(0.3, 1.0);
  p.nose_height = draw.range(0.10, 0.24);

  p.mouth_y = p.nose_y + draw.range(0.195, 0.26);
  p.mouth_width = draw.range(0.21, 0.30);
  p.upper_lip = draw.range(0.020, 0.074);
  p.lower_lip = draw.range(0.030, 0.094);
  p.bow = draw.range(0.0, 0.028);
  p.corner = draw.range(-0.035, 0.035);
  p.lip_colour = draw.range(0.0, 1.0);

  p.melanin = std::pow(draw.range(0, 1), 1.3F);
  p.redness = draw.range(-0.5, 1.0);
  p.freckles = draw.chance(0.25) ? draw.range(0.3, 1.0) : 0.0F;
  p.lines = draw.range(0.0, 0.9);
  p.age_lines = draw.chance(0.35) ? draw.range(0.2, 1.0) : 0.0F;
  for (auto& mole : p.moles) {
    mole = {draw.range(-0.55, 0.55), draw.range(-0.42, 0.88), draw.range(0.016, 0.034)};
    if (!draw.chance(0.4)) mole.radius = 0;
  }

  static constexpr std::array<Person::Hair, 10> kStyles{
      Person::Hair::kShort, Person::Hair::kShort, Person::Hair::kShort, Person::Hair::kMedium, Person::Hair::kMedium,
      Person::Hair::kLong,  Person::Hair::kLong,  Person::Hair::kLong,  Person::Hair::kFringe, Person::Hair::kBald};
  p.hair = kStyles[static_cast<std::size_t>(draw.range(0, 9.999))];
  p.hairline = draw.range(-0.74, -0.50);
  p.peak = draw.chance(0.4) ? draw.range(0.0, 0.12) : 0.0F;
  p.temples = draw.range(-0.12, 0.35);
  p.part = draw.range(-0.45, 0.45);
  p.volume = draw.range(0.03, 0.20);
  p.curl = draw.range(0.0, 1.0);
  p.hair_dark = draw.range(0.0, 1.0);
  p.hair_red = draw.range(0.0, 1.0);
  p.grey = draw.chance(0.2) ? draw.range(0.3, 1.0) : 0.0F;
  const bool bearded = (p.hair != Person::Hair::kLong) && draw.chance(0.4);
  p.beard = bearded ? draw.range(0.15, 1.0) : 0.0F;
  p.moustache = bearded && draw.chance(0.8) ? draw.range(0.3, 1.0) : 0.0F;
  p.glasses_habit = draw.chance(0.15) ? 0.6F : 0.06F;
  p.texture_seed = draw.seed();
  return p;
}

Shot draw_shot(const Person& person, std::uint64_t seed) {
  Draw draw(mix(seed ^ 0x517cc1ULL) ^ person.texture_seed);
  Shot s;
  s.yaw = draw.normal(0.18);
  s.pitch = draw.normal(0.08);
  s.roll = draw.normal(0.10);
  s.scale = 0.365F * (1 + draw.normal(0.07));
  s.shift_x = draw.normal(0.03);
  s.shift_y = draw.normal(0.03);

  s.smile = draw.range(-0.4, 1.0);
  s.mouth_open = draw.chance(0.4) ? draw.range(0.1, 1.0) : 0.0F;
  s.brow_raise = draw.normal(0.025);
  s.brow_frown = draw.normal(0.5);
  s.lid = draw.chance(0.04) ? draw.range(0.1, 0.4) : draw.range(0.7, 1.12);
  s.gaze_x = draw.normal(0.025);
  s.gaze_y = draw.normal(0.010);

  const float side = draw.normal(0.6);
  const float height = draw.range(-0.9, 0.25);
  const float norm = std::sqrt(side * side + height * height + 0.6F);
  s.light = {side / norm, height / norm, std::sqrt(0.6F) / norm};
  s.ambient = draw.range(0.32, 0.68);
  s.exposure = draw.range(0.68, 1.32);
  s.contrast = draw.range(0.8, 1.2);
  const float warmth = draw.normal(0.11);
  const float green = draw.normal(0.04);
  s.tint = {1 + warmth, 1 + green, 1 - warmth};
  if (draw.chance(0.2)) s.shadow = draw.range(0.15, 0.4);
  s.shadow_angle = draw.range(0, 6.2831);
  s.shadow_at = draw.range(-0.35, 0.5);

  s.glasses = draw.chance(person.glasses_habit);
  s.glasses_size = draw.range(0.17, 0.24);
  s.glasses_round = draw.range(0.25, 1.0);
  s.glasses_dark = draw.chance(0.1) ? draw.range(0.5, 0.9) : draw.range(0.0, 0.12);
  s.glasses_colour = draw.colour(0.02, 0.35);
  s.hat = draw.chance(0.06);
  s.hat_line = draw.range(-0.56, -0.40);
  s.hat_colour = draw.colour(0.05, 0.9);
  s.hand = draw.chance(0.04);
  s.hand_x = draw.range(-0.8, 0.8);
  s.hand_y = draw.range(0.55, 1.0);
  s.hand_angle = draw.range(-0.8, 0.8);
  s.hand_colour = draw.colour(0.1, 0.9);
  s.lipstick = draw.chance(0.25) ? draw.range(0.2, 0.8) : 0.0F;
  s.lipstick_colour = {draw.range(0.5, 0.85), draw.range(0.08, 0.35), draw.range(0.15, 0.4)};
  s.stubble = draw.range(0.65, 1.15);
  s.hair_length = draw.normal(0.08);
  s.hair_lift = draw.normal(0.025);
  s.hair_light = draw.normal(0.10);

  // Rooms and streets: mostly muted.
  const auto muted = [&] {
    Colour colour = draw.colour(0.1, 0.9);
    const float grey = (colour[0] + colour[1] + colour[2]) / 3;
    const float keep = draw.range(0.1, 0.8);
    for (float& v : colour) v = grey + (v - grey) * keep;
    return colour;
  };
  s.backdrop = muted();
  s.backdrop_other = muted();
  s.clothes = draw.colour(0.05, 0.85);
  for (float& v : s.point_error) v = draw.normal(0.014);
  s.backdrop_angle = draw.range(0, 6.2831);
  s.backdrop_blobs = draw.range(0, 0.6);
  s.blur = draw.chance(0.25) ? draw.range(0.3, 1.0) : 0.0F;
  s.noise = draw.range(0.002, 0.018);
  s.texture_seed = draw.seed();
  return s;
}

}  // namespace facenet::faces
