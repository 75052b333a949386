// Painter: light, skin, hair, clothes, backdrop, things worn. The features have a file of their own.
#include "data/face_drawing.hpp"

#include "data/face_texture.hpp"

namespace facenet::faces {
namespace {

constexpr float kFar = 9;

Colour skin_of(const Person& p) {
  // From light to dark skin, through the hues that lie between.
  static constexpr std::array<Colour, 4> kTones{
      {{0.93F, 0.77F, 0.68F}, {0.84F, 0.64F, 0.50F}, {0.64F, 0.45F, 0.32F}, {0.37F, 0.25F, 0.18F}}};
  const float at = std::clamp(p.melanin, 0.0F, 0.999F) * 3;
  const auto index = static_cast<std::size_t>(at);
  Colour tone = mixed(kTones[index], kTones[index + 1], at - static_cast<float>(index));
  tone[0] *= 1 + 0.03F * p.redness;
  tone[2] *= 1 - 0.05F * p.redness;
  return tone;
}

Colour hair_of(const Person& p, const Shot& s) {
  const Colour light = mixed({0.80F, 0.64F, 0.38F}, {0.62F, 0.30F, 0.14F}, p.hair_red);
  const Colour dark = mixed({0.08F, 0.07F, 0.07F}, {0.22F, 0.12F, 0.07F}, p.hair_red);
  const float darkness = std::clamp(std::max(p.hair_dark, p.melanin * 1.3F - 0.15F) - s.hair_light, 0.0F, 1.0F);
  return mixed(mixed(light, dark, std::pow(darkness, 0.6F)), {0.66F, 0.66F, 0.66F}, p.grey * 0.8F);
}

}  // namespace

Painter::Painter(const Person& person, const Shot& shot, float pixel)
    : person_(person),
      shot_(shot),
      head_(person, shot),
      pixel_(pixel),
      skin_colour_(skin_of(person)),
      hair_colour_(hair_of(person, shot)) {}

float Painter::cover(float distance) const { return std::clamp(0.5F - distance / pixel_, 0.0F, 1.0F); }

std::array<std::array<float, 2>, 5> Painter::points() const {
  const Person& p = person_;
  const float half = p.mouth_width * (1 + 0.12F * shot_.smile);
  const float corner = p.mouth_y + p.corner - 0.035F * shot_.smile;
  return {{{-p.eye_x, p.eye_y}, {p.eye_x, p.eye_y}, {0, p.nose_y}, {-half, corner}, {half, corner}}};
}

Colour Painter::lit(const Colour& albedo, const Vector& n, float shine) const {
  const Vector light{shot_.light[0], shot_.light[1], shot_.light[2]};
  const float facing = dot(n, light);
  // Skin lets light through at the edge of the shade: the step is soft and starts behind the terminator.
  const float diffuse = std::max(0.0F, (facing + 0.25F) / 1.25F);
  const Vector half{light.x, light.y, light.z + 1};
  const float spec = dot(n, half) / std::sqrt(dot(half, half));
  const float highlight = spec > 0 ? shine * std::pow(spec, 24.0F) : 0.0F;
  const float sky = 0.85F - 0.15F * n.y;
  const float amount = shot_.ambient * sky + (1.15F - shot_.ambient) * diffuse;
  return {albedo[0] * amount + highlight, albedo[1] * amount + highlight, albedo[2] * amount + highlight};
}

Colour Painter::backdrop(float x, float y) const {
  const float along = x * std::cos(shot_.backdrop_angle) + y * std::sin(shot_.backdrop_angle);
  const float blobs = value_noise(shot_.texture_seed, x * 1.3F + 7, y * 1.3F) - 0.5F;
  const float fine = value_noise(shot_.texture_seed ^ 5U, x * 5, y * 5) - 0.5F;
  const float t = std::clamp(0.5F + along * 0.35F + shot_.backdrop_blobs * (2.5F * blobs + 0.7F * fine), 0.0F, 1.0F);
  return mixed(shot_.backdrop, shot_.backdrop_other, t);
}

Colour Painter::body(Colour under, float x, float y) const {
  const float lean = std::sin(shot_.yaw) * 0.12F;
  const float neck = std::max(std::abs(x + lean) - person_.width * 0.56F - std::max(0.0F, y - 1.1F) * 0.4F, 0.55F - y);
  if (neck < pixel_) {
    const float turn = std::clamp((x + lean) / (person_.width * 0.6F), -0.95F, 0.95F);
    const float under_chin = mixed(0.55F, 0.9F, soft_step(0.95F, 1.35F, y));
    under = mixed(under, lit(scaled(skin_colour_, under_chin), {turn, 0, std::sqrt(1 - turn * turn)}, 0), cover(neck));
  }
  const float shoulder = 1.28F + 0.22F * x * x + 0.12F * std::exp(-8 * x * x);
  const float clothes = shoulder - y;
  if (clothes < pixel_) {
    const float fold = 0.85F + 0.3F * value_noise(shot_.texture_seed ^ 9U, x * 4, y * 2);
    under = mixed(under, lit(scaled(shot_.clothes, fold), {x * 0.35F, -0.3F, 0.85F}, 0), cover(clothes));
  }
  return under;
}

Colour Painter::skin(const Hit& hit) const {
  const Person& p = person_;
  Colour colour = skin_colour_;
  const float flush = 0.10F * std::max(0.0F, 0.4F + p.redness);
  const auto near = [&](float x, float y, float width) {
    const float u = (std::abs(hit.x) - x) / width, v = (hit.y - y) / width;
    return std::exp(-(u * u + v * v));
  };
  const float red = flush * (near(0.40F, 0.28F, 0.2F) + near(0, p.nose_y, 0.09F));
  colour[1] *= 1 - red;
  colour[2] *= 1 - red;
  const float mottle = 0.97F + 0.06F * value_noise(p.texture_seed, hit.x * 9, hit.y * 9);
  colour = scaled(colour, mottle);
  if (hit.z <= 0) return colour;
  if (p.freckles > 0) {
    const float spot = value_noise(p.texture_seed ^ 3U, hit.x * 24, hit.y * 24);
    const float where = near(0.3F, 0.22F, 0.34F) + near(0, 0.25F, 0.25F);
    const float strength = p.freckles * soft_step(0.62F, 0.8F, spot) * std::min(1.0F, where) * 0.45F;
    colour = mixed(colour, {colour[0] * 0.62F, colour[1] * 0.48F, colour[2] * 0.42F}, strength);
  }
  for (const auto& mole : p.moles) {
    if (mole.radius == 0) continue;
    const float distance = std::hypot(hit.x - mole.x, hit.y - mole.y) - mole.radius;
    colour = mixed(colour, {0.20F, 0.12F, 0.09F}, 0.85F * cover(distance));
  }
  if (p.age_lines > 0) {
    for (const float y : {-0.36F, -0.44F, -0.52F}) {
      const float wave = y + 0.015F * std::sin(hit.x * 9 + y * 40) + 0.1F * hit.x * hit.x;
      const float line = cover(std::abs(hit.y - wave) - 0.006F) * (1 - soft_step(0.2F, 0.42F, std::abs(hit.x)));
      colour = scaled(colour, 1 - 0.22F * p.age_lines * line);
    }
  }
  return colour;
}

float Painter::hair_distance(const std::optional<Hit>& hit) const {
  const Person& p = person_;
  if (p.hair == Person::Hair::kBald) return kFar;
  // On the forehead the hair ends at a line; its shape is the person's.
  if (hit) {
    const float hx = hit->x, hy = hit->y;
    const float across = hx / p.width;
    float line = p.hairline + shot_.hair_lift + 0.5F * std::pow(std::abs(across), 2.5F) * (1 - p.temples) -
                 p.temples * 0.6F * std::exp(-30 * (std::abs(across) - 0.55F) * (std::abs(across) - 0.55F)) +
                 p.peak * std::exp(-60 * across * across);
    const float strands = (value_noise(p.texture_seed ^ 11U, hx * 26, hy * 3) - 0.5F) * 0.05F;
    if (p.hair == Person::Hair::kFringe) line = std::max(line, -0.27F + 0.25F * (across - p.part) * p.part + strands);
    if (p.hair == Person::Hair::kLong || p.hair == Person::Hair::kMedium) {
      // Parted: two curtains that leave the forehead free in the middle.
      const float from_part = std::abs(across - p.part * 0.5F);
      line = std::max(line, p.hairline + 0.75F * from_part * from_part * (0.8F + p.volume * 2));
    }
    // Sides: sideburns for short hair, all the way down for long.
    const float reach = p.hair == Person::Hair::kLong ? 3.0F : p.hair == Person::Hair::kMedium ? 0.45F : 0.08F;
    const float edge = p.hair == Person::Hair::kLong ? 0.80F : p.hair == Person::Hair::kMedium ? 0.84F : 0.93F;
    const float sides = std::max(edge - std::abs(across), hy - reach - shot_.hair_length);
    // The back of the head, where it shows at the edge, is all hair down to there.
    if (hit->z < 0.15F * p.depth && hy < 0.1F) return hy - reach - shot_.hair_length;
    return std::min(hy - line - strands, sides);
  }
  return kFar;
}

Colour Painter::hair(float x, float y, const Vector& n) const {
  const Person& p = person_;
  const float wave = p.curl * 0.12F * std::sin(y * (9 + 6 * p.curl) + x * 4);
  const float strands = value_noise(p.texture_seed ^ 21U, (x + wave) * 22 + y * 3, y * 4 - x * 2);
  const float coarse = value_noise(p.texture_seed ^ 22U, (x + wave) * 7, y * 2.5F);
  const Colour colour = scaled(hair_colour_, 0.55F + 0.5F * strands + 0.35F * coarse);
  return lit(colour, n, 0.06F * strands);
}

Colour Painter::worn(Colour under, const std::optional<Hit>& hit, float x, float y) const {
  const Shot& s = shot_;
  if (s.glasses && hit && hit->z > 0) {
    const float dx = std::abs(hit->x) - person_.eye_x, dy = hit->y - person_.eye_y - 0.02F;
    // Between a rounded box and an ellipse.
    const float w = s.glasses_size, h = s.glasses_size * mixed(0.62F, 0.88F, s.glasses_round);
    const float power = mixed(6.0F, 2.0F, s.glasses_round);
    const float norm = std::pow(std::pow(std::abs(dx) / w, power) + std::pow(std::abs(dy) / h, power), 1 / power);
    const float distance = (norm - 1) * h;
    under = mixed(under, scaled(s.glasses_colour, 0.4F), s.glasses_dark * cover(distance));
    const float gap = person_.eye_x - w;
    const float bridge = std::max(std::abs(hit->y - person_.eye_y + 0.02F) - 0.014F, std::abs(hit->x) - gap);
    const float arm = std::max(std::abs(dy + 0.03F) - 0.016F, w - dx);
    const float frame = std::min({std::abs(distance) - 0.016F, bridge, arm});
    under = mixed(under, lit(s.glasses_colour, hit->normal, 0.3F), cover(frame));
  }
  if (s.hat) {
    const float wide = head_.half_width(-0.4F) + 0.10F;
    const float crown = (std::hypot(x / wide, (y + 0.1F) / 1.18F) - 1) * 1.1F;
    const float band = s.hat_line + 0.10F * x * x;
    const float distance = std::max(crown, y - band);
    if (distance < pixel_) {
      const float turn = std::clamp(x / wide, -0.95F, 0.95F);
      const float knit = 0.85F + 0.3F * value_noise(s.texture_seed ^ 31U, x * 18, y * 18);
      const float rim = y > band - 0.14F ? 0.75F : 1.0F;
      under = mixed(under, lit(scaled(s.hat_colour, knit * rim), {turn, -0.3F, std::sqrt(1 - turn * turn)}, 0),
                    cover(distance));
    }
  }
  if (s.hand) {
    // Something held up to the face: a rounded bar from below.
    const float c = std::cos(s.hand_angle), k = std::sin(s.hand_angle);
    const float u = (x - s.hand_x) * c + (y - s.hand_y) * k, v = -(x - s.hand_x) * k + (y - s.hand_y) * c;
    const float qx = std::abs(u) - 0.13F, qy = std::abs(v - 0.5F) - 0.45F;
    const float distance =
        std::hypot(std::max(qx, 0.0F), std::max(qy, 0.0F)) + std::min(std::max(qx, qy), 0.0F) - 0.07F;
    under = mixed(under, lit(s.hand_colour, {std::clamp(u * 3, -0.8F, 0.8F), 0, 0.7F}, 0), cover(distance));
  }
  return under;
}

Colour Painter::paint(float x, float y) const {
  const Person& p = person_;
  Colour colour = backdrop(x, y);
  const bool long_hair = p.hair == Person::Hair::kLong || p.hair == Person::Hair::kMedium;
  const float wide = head_.half_width(-0.2F) + p.volume;
  // Hair behind the head: an ellipse, drawn out downwards when it is long.
  float behind = kFar;
  if (p.hair != Person::Hair::kBald) {
    const float length = shot_.hair_length + (p.hair == Person::Hair::kLong ? 1.35F : long_hair ? 0.55F : -0.05F);
    const float down = std::max(0.0F, y + 0.1F) / (long_hair ? 3.2F : 1.0F);
    const float up = std::min(0.0F, y + 0.1F) / (0.93F + p.volume * 0.8F);
    const float rough = (value_noise(p.texture_seed ^ 41U, x * 9, y * 9) - 0.5F) * (0.03F + 0.08F * p.curl);
    behind = std::max((std::hypot(x / wide, up + down) - 1) * wide + rough, y - length);
  }
  const auto shell = [&] {
    const float turn = std::clamp(x / wide, -0.95F, 0.95F);
    const float rise = std::clamp(y + 0.1F, -0.9F, 0.4F) * 0.9F;
    return Vector{turn, rise, std::sqrt(std::max(0.05F, 1 - turn * turn - rise * rise))};
  };
  if (behind < pixel_) colour = mixed(colour, scaled(hair(x, y, shell()), 0.75F), cover(behind));
  colour = body(colour, x, y);
  if (p.hair == Person::Hair::kLong && behind < pixel_ && std::abs(x) > p.width * 0.62F && y > 0.2F) {
    colour = mixed(colour, hair(x, y, shell()), cover(std::max(behind, p.width * 0.72F - std::abs(x))));
  }
  // Ears, unless hair hides them.
  for (const float side : {-1.0F, 1.0F}) {
    const float seen = 1 - side * std::sin(shot_.yaw) * 1.4F;
    if (p.hair == Person::Hair::kLong || seen < 0.3F) continue;
    const float at = side * (head_.half_width(0.08F) * std::cos(shot_.yaw) + 0.01F + p.ear_out * seen);
    const float u = (x - at) / (0.075F * seen + 0.02F), v = (y - 0.09F) / p.ear_size;
    const float distance = (std::sqrt(u * u + v * v) - 1) * 0.09F;
    if (distance < pixel_) {
      const float inner = 1 - 0.3F * std::exp(-3 * (u * u + v * v));
      colour = mixed(colour, lit(scaled(skin_colour_, 0.93F * inner), {side * 0.6F, 0, 0.8F}, 0), cover(distance));
    }
  }
  const std::optional<Hit> hit = head_.hit(x, y);
  if (hit) {
    Colour face = hit->z > 0 ? features(*hit, skin(*hit)) : skin(*hit);
    face = lit(face, hit->normal, 0.10F * (1 - 0.5F * p.melanin));
    // The edge of the ellipsoid, softened by how flat the ray meets it.
    colour = mixed(colour, face, std::clamp(hit->normal.z * 0.25F / pixel_ + 0.3F, 0.0F, 1.0F));
  }
  // Hair in front: on the head where it is above the hairline, and all of the shell above the head.
  float front = hair_distance(hit);
  if (!hit && y < -0.2F) front = behind;
  if (front < pixel_ * 2) {
    const float soft = std::clamp(0.5F - front / (pixel_ + 0.03F), 0.0F, 1.0F);
    colour = mixed(colour, hair(x, y, hit ? hit->normal : shell()), soft);
  }
  return worn(colour, hit, x, y);
}

}  // namespace facenet::faces
