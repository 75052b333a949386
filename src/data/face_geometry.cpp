// Ray against ellipsoid, bumps, projection.
#include "data/face_geometry.hpp"

#include <algorithm>
#include <cmath>

namespace facenet::faces {
namespace {

float square(float v) { return v * v; }
/// Close to exp(-q / 2), and zero from q = 6 on.
float bell(float q) {
  const float r = 1 - q / 6;
  return r <= 0 ? 0 : r * r * r;
}

}  // namespace

Head::Head(const Person& p, const Shot& shot) : person_(p), radii_{p.width, 1, p.depth} {
  const float cy = std::cos(shot.yaw), sy = std::sin(shot.yaw);
  const float cp = std::cos(shot.pitch), sp = std::sin(shot.pitch);
  rotation_ = {{{cy, sy * sp, sy * cp}, {0, cp, -sp}, {-sy, cy * sp, cy * cp}}};
  const float smile = std::max(0.0F, shot.smile);
  const float nose_mid = p.nose_y * 0.45F;
  bumps_ = {{
      {0, nose_mid, p.nose_bridge, 0.22F, p.nose_height * 0.6F},                       // ridge of the nose
      {0, p.nose_y - 0.02F, p.nose_tip * 1.1F, p.nose_tip * 0.9F, p.nose_height},      // its tip
      {-p.nose_width * 0.8F, p.nose_y + 0.02F, 0.045F, 0.05F, p.nose_height * 0.35F},  // its wings
      {p.nose_width * 0.8F, p.nose_y + 0.02F, 0.045F, 0.05F, p.nose_height * 0.35F},
      {-p.eye_x, p.eye_y - 0.01F, 0.16F, 0.10F, -p.eye_depth},  // sockets
      {p.eye_x, p.eye_y - 0.01F, 0.16F, 0.10F, -p.eye_depth},
      {-p.eye_x, p.eye_y, 0.085F, 0.06F, 0.045F},  // eyeballs
      {p.eye_x, p.eye_y, 0.085F, 0.06F, 0.045F},
      {-p.eye_x, p.eye_y + p.brow_y, 0.20F, 0.06F, 0.03F + p.eye_depth * 0.3F},  // brows
      {p.eye_x, p.eye_y + p.brow_y, 0.20F, 0.06F, 0.03F + p.eye_depth * 0.3F},
      {-0.42F, 0.27F, 0.16F, 0.14F, 0.03F + p.cheek * 0.6F + smile * 0.03F},  // cheeks
      {0.42F, 0.27F, 0.16F, 0.14F, 0.03F + p.cheek * 0.6F + smile * 0.03F},
      {0, p.mouth_y, 0.26F, 0.15F, 0.05F},                                                    // teeth behind the lips
      {0, p.mouth_y - p.upper_lip * 0.6F, p.mouth_width * 0.6F, 0.028F, p.upper_lip * 0.5F},  // lips
      {0, p.mouth_y + p.lower_lip * 0.6F, p.mouth_width * 0.55F, 0.035F, p.lower_lip * 0.6F},
      {0, p.mouth_y + 0.13F, 0.14F, 0.045F, -0.035F},           // the hollow above the chin
      {0, 0.86F, 0.11F, 0.09F, p.chin},                         // chin
      {-0.46F, 0.58F, 0.12F, 0.16F, -0.035F + p.cheek * 0.4F},  // hollow cheeks
      {0.46F, 0.58F, 0.12F, 0.16F, -0.035F + p.cheek * 0.4F},
  }};
}

float Head::relief(float x, float y, float* slope_x, float* slope_y) const {
  float height = 0, dx = 0, dy = 0;
  for (const Bump& b : bumps_) {
    const float u = (x - b.x) / b.width;
    const float v = (y - b.y) / b.height;
    const float r = 1 - (u * u + v * v) / 6;
    if (r <= 0) continue;
    height += b.amount * r * r * r;
    const float slope = -b.amount * r * r;  // of (1 - q/6)^3, by q, times 2
    dx += slope * u / b.width;
    dy += slope * v / b.height;
  }
  if (slope_x != nullptr) *slope_x = dx, *slope_y = dy;
  return height;
}

float Head::outline(float view_y) const {
  return 1 + person_.jaw * bell(square((view_y - 0.72F) / 0.26F)) +
         person_.cheek * bell(square((view_y - 0.2F) / 0.26F));
}

Vector Head::to_view(const Vector& v) const {
  const auto row = [&](std::size_t i) { return rotation_[i][0] * v.x + rotation_[i][1] * v.y + rotation_[i][2] * v.z; };
  return {row(0), row(1), row(2)};
}

Vector Head::to_head(const Vector& v) const {
  const auto column = [&](std::size_t i) {
    return rotation_[0][i] * v.x + rotation_[1][i] * v.y + rotation_[2][i] * v.z;
  };
  return {column(0), column(1), column(2)};
}

std::optional<Hit> Head::hit(float x, float y) const {
  const Vector origin = to_head({x / outline(y), y, 0});
  const Vector ray = to_head({0, 0, 1});
  const auto scaled = [&](const Vector& v) { return Vector{v.x / radii_.x, v.y / radii_.y, v.z / radii_.z}; };
  const Vector o = scaled(origin);
  const Vector d = scaled(ray);
  const float a = dot(d, d), b = dot(o, d), c = dot(o, o) - 1;
  const float discriminant = b * b - a * c;
  if (discriminant < 0) return std::nullopt;
  const float t = (-b + std::sqrt(discriminant)) / a;
  Hit result;
  result.x = origin.x + t * ray.x;
  result.y = origin.y + t * ray.y;
  result.z = origin.z + t * ray.z;
  Vector normal{result.x / square(radii_.x), result.y / square(radii_.y), result.z / square(radii_.z)};
  if (result.z > 0) {
    // Bumps stand out towards the viewer of a frontal face: the ray meets them earlier, that is, shifted.
    const float across = ray.x / std::max(0.35F, ray.z), down = ray.y / std::max(0.35F, ray.z);
    const float height = relief(result.x, result.y, nullptr, nullptr);
    result.x += across * height;
    result.y += down * height;
    float slope_x = 0, slope_y = 0;
    relief(result.x, result.y, &slope_x, &slope_y);
    const float length = std::sqrt(dot(normal, normal));
    const float front = std::min(1.0F, normal.z / length * 2);
    normal = {normal.x / length - front * slope_x, normal.y / length - front * slope_y, normal.z / length};
  }
  const float length = std::sqrt(dot(normal, normal));
  result.normal = to_view({normal.x / length, normal.y / length, normal.z / length});
  return result;
}

std::array<float, 2> Head::project(float x, float y) const {
  const float inside = 1 - square(x / radii_.x) - square(y / radii_.y);
  const float z = radii_.z * std::sqrt(std::max(0.0F, inside)) + relief(x, y, nullptr, nullptr);
  const Vector v = to_view({x, y, z});
  return {v.x * outline(v.y), v.y};
}

}  // namespace facenet::faces
