// Painter: eyes, brows, nose, mouth, beard. Positions are on the face plane; light comes later.
#include "data/face_drawing.hpp"
#include "data/face_texture.hpp"

namespace facenet::faces {

Colour Painter::features(const Hit& hit, Colour colour) const {
  const Person& p = person_;
  const float x = hit.x, y = hit.y;
  beard(colour, x, y);
  nose(colour, x, y);
  if (y > p.mouth_y - 0.16F && y < p.mouth_y + 0.24F) mouth(colour, x, y);
  const float side = x < 0 ? -1.0F : 1.0F;
  if (y < 0.25F && y > -0.25F) eye(colour, x, y, side);
  if (y < 0.05F && y > -0.5F) brow(colour, x, y, side);
  // Folds from the nose to the corners of the mouth; deeper with a smile.
  const float fold_x =
      mixed(p.nose_width + 0.03F, p.mouth_width + 0.09F, (y - p.nose_y) / std::max(0.05F, p.mouth_y - p.nose_y));
  const float fold_end =
      soft_step(p.nose_y - 0.03F, p.nose_y + 0.05F, y) * (1 - soft_step(p.mouth_y, p.mouth_y + 0.1F, y));
  const float fold = std::exp(-std::pow((std::abs(x) - fold_x) / 0.022F, 2.0F)) * fold_end;
  return scaled(colour, 1 - fold * (0.10F + 0.22F * p.lines) * (0.6F + 0.5F * std::max(0.0F, shot_.smile)));
}

void Painter::eye(Colour& colour, float x, float y, float side) const {
  const Person& p = person_;
  // Own axes: u outwards from the middle of the eye, v down, turned by the slant.
  const float dx = side * (x - side * p.eye_x), dy = y - p.eye_y;
  const float c = std::cos(p.eye_slant), s = std::sin(p.eye_slant);
  const float u = dx * c - dy * s, v = dx * s + dy * c;
  const float across = std::abs(u) / p.eye_width;
  // Shadow of the socket, and bags below.
  const float hollow = std::exp(-(u * u) / 0.035F - std::pow((v + 0.055F) / 0.06F, 2.0F));
  const float bag = p.bags * std::exp(-(u * u) / 0.02F - std::pow((v - p.eye_height - 0.055F) / 0.022F, 2.0F));
  colour = scaled(colour, 1 - 0.20F * hollow - 0.28F * bag);
  if (across > 1.35F) return;
  const float open = std::clamp(shot_.lid - 0.12F * std::max(0.0F, shot_.smile), 0.05F, 1.2F);
  const float curve = across < 1 ? 1 - std::pow(across, p.eye_power) : (1 - across) * 2;
  const float upper = -p.eye_height * open * 1.15F * curve;
  const float lower = p.eye_height * (0.35F + 0.45F * open) * curve;
  const float distance = std::max(upper - v, v - lower);
  if (p.crease > 0) {
    const float line = std::abs(v - upper * 1.05F + p.crease) - 0.005F;
    colour = scaled(colour, 1 - 0.38F * cover(line) * (1 - soft_step(0.8F, 1.1F, across)));
  }
  const float inside = cover(distance);
  if (inside > 0) {
    Colour ball = scaled({0.90F, 0.88F, 0.86F}, 1 - 0.30F * std::exp(-std::max(0.0F, v - upper) / 0.02F));
    const float gx = u - side * shot_.gaze_x, gy = v - shot_.gaze_y + 0.006F;
    const float radius = std::hypot(gx, gy);
    const Colour iris = scaled(p.iris_colour, 0.75F + 0.5F * radius / p.iris);
    ball = mixed(ball, scaled(p.iris_colour, 0.35F), cover(radius - p.iris));
    ball = mixed(ball, iris, cover(radius - p.iris * 0.86F));
    ball = mixed(ball, {0.03F, 0.03F, 0.03F}, cover(radius - p.iris * 0.42F));
    const float glint = std::hypot(gx - side * shot_.light[0] * 0.03F, gy - shot_.light[1] * 0.03F + 0.008F);
    ball = mixed(ball, {1.5F, 1.5F, 1.5F}, cover(glint - 0.012F));
    colour = mixed(colour, ball, inside);
  }
  if (across < 1.12F) {
    const float lash = std::abs(v - upper) - 0.011F * (1.1F - 0.3F * across);
    colour = mixed(colour, {0.07F, 0.05F, 0.045F}, 0.85F * cover(lash));
    const float rim = std::abs(v - lower) - 0.004F;
    colour = scaled(colour, 1 - 0.3F * cover(rim));
  }
}

void Painter::brow(Colour& colour, float x, float y, float side) const {
  const Person& p = person_;
  const float dx = side * x - p.eye_x;
  const float t = (dx - p.brow_inner) / (p.brow_outer - p.brow_inner);
  if (t < -0.15F || t > 1.15F) return;
  const float arch = t < p.brow_peak ? t / p.brow_peak : (1 - t) / (1 - p.brow_peak);
  const float bend = arch > 0 ? std::sin(std::min(1.0F, arch) * 1.5708F) : arch;
  const float frown = 0.035F * shot_.brow_frown * std::max(0.0F, 1 - t * 2);
  const float middle = p.eye_y + p.brow_y - shot_.brow_raise + p.brow_tilt * (dx - 0.03F) - p.brow_arch * bend + frown;
  const float thickness = p.brow_thickness * (1.15F - 0.75F * std::clamp(t, 0.0F, 1.0F));
  const float ends = std::max(-t, t - 1) * (p.brow_outer - p.brow_inner);
  const float distance = std::max(std::abs(y - middle) - thickness, ends);
  const float strands = 0.75F + 0.5F * value_noise(p.texture_seed ^ 51U, dx * 60 + y * 30, y * 18);
  const float soft = std::clamp(0.5F - distance / (pixel_ + 0.012F), 0.0F, 1.0F);
  colour = mixed(colour, scaled(hair_colour_, 0.55F), std::min(1.0F, soft * p.brow_density * strands));
}

void Painter::nose(Colour& colour, float x, float y) const {
  const Person& p = person_;
  const float ax = std::abs(x);
  if (ax > p.nose_width + 0.08F || y < p.nose_y - 0.2F || y > p.nose_y + 0.12F) return;
  const float nostril = std::hypot((ax - p.nose_width * 0.5F) / (0.022F + p.nose_width * 0.14F),
                                   (y - p.nose_y - 0.05F) / (0.012F + 0.012F * p.nostril));
  colour = mixed(colour, {0.10F, 0.05F, 0.04F}, 0.8F * cover((nostril - 1) * 0.02F) * (0.4F + 0.6F * p.nostril));
  // The wing's edge.
  const float wing = std::hypot((ax - p.nose_width * 0.78F) / (p.nose_width * 0.32F), (y - p.nose_y - 0.015F) / 0.06F);
  const float crease = std::exp(-std::pow((wing - 1) / 0.22F, 2.0F)) * (ax > p.nose_width * 0.7F ? 1.0F : 0.0F);
  const float below =
      std::exp(-std::pow((y - p.nose_y - 0.075F) / 0.02F, 2.0F) - ax * ax / (p.nose_width * p.nose_width));
  colour = scaled(colour, 1 - 0.30F * crease - 0.25F * below);
}

void Painter::mouth(Colour& colour, float x, float y) const {
  const Person& p = person_;
  const float smile = shot_.smile;
  const float half = p.mouth_width * (1 + 0.12F * smile);
  const float across = x / half;
  const float lift = (p.corner - 0.035F * smile) * across * across;
  const float curve = 1 - across * across;
  const float v = y - p.mouth_y - lift;
  const float gap = shot_.mouth_open * (0.035F + 0.045F * (1 - 0.5F * std::max(0.0F, smile)));
  const float full = curve > 0 ? std::sqrt(curve) : curve;
  const float thin = 1 - 0.25F * std::max(0.0F, smile);
  const float cupid = p.bow * std::exp(-std::pow(x / 0.035F, 2.0F)) -
                      p.bow * 0.6F * std::exp(-std::pow((std::abs(x) - 0.06F) / 0.03F, 2.0F));
  const float top = -gap * 0.35F * curve - p.upper_lip * thin * full + cupid;
  const float bottom = gap * curve + p.lower_lip * thin * full;
  const float inner_top = -gap * 0.35F * curve + 0.004F, inner_bottom = gap * curve;
  // A shadow below the lower lip.
  colour = scaled(colour, 1 - 0.22F * std::exp(-std::pow((v - bottom - 0.03F) / 0.022F, 2.0F)) * std::max(0.0F, curve));
  const float lips = std::max({top - v, v - bottom, (std::abs(across) - 1) * half});
  if (lips > pixel_) return;
  Colour lip = mixed({skin_colour_[0] * 0.80F, skin_colour_[1] * 0.58F, skin_colour_[2] * 0.58F},
                     {skin_colour_[0] * 0.92F, skin_colour_[1] * 0.74F, skin_colour_[2] * 0.72F}, p.lip_colour);
  lip = mixed(lip, shot_.lipstick_colour, shot_.lipstick);
  if (v < inner_top) lip = scaled(lip, 0.88F);
  colour = mixed(colour, lip, cover(lips) * 0.92F);
  if (gap > 0.004F) {
    const float hole = std::max({inner_top - v, v - inner_bottom, (std::abs(across) - 0.9F) * half});
    Colour inside{0.16F, 0.05F, 0.05F};
    const float teeth = v - inner_top - std::min(0.05F, gap * 0.75F);
    inside = mixed(inside, {0.88F, 0.85F, 0.78F}, cover(teeth) * (1 - std::pow(std::abs(across), 4.0F)));
    colour = mixed(colour, inside, cover(hole));
  } else {
    colour = mixed(colour, {0.22F, 0.09F, 0.08F}, 0.75F * cover(std::abs(v) - 0.007F));
  }
}

void Painter::beard(Colour& colour, float x, float y) const {
  const Person& p = person_;
  if (p.beard <= 0 && p.moustache <= 0) return;
  const float grain = 0.6F + 0.7F * value_noise(p.texture_seed ^ 61U, x * 45, y * 30);
  const float jaw_line =
      p.mouth_y - 0.02F - 0.55F * std::max(0.0F, std::abs(x) - 0.30F) + 0.10F * std::exp(-x * x / 0.05F);
  const float chin = soft_step(-0.05F, 0.06F, y - jaw_line);
  const float u = x / (p.mouth_width * 1.05F),
              v = (y - (p.nose_y + p.mouth_y) * 0.5F - 0.035F - 0.05F * u * u) / 0.055F;
  const float lip = 1 - soft_step(0.6F, 1.3F, std::sqrt(u * u + v * v));
  const float amount = std::min(0.95F, std::max(p.beard * chin, p.moustache * lip) * shot_.stubble * grain);
  colour = mixed(colour, scaled(hair_colour_, 0.6F), amount);
}

}  // namespace facenet::faces
