// The generated head as a surface: an ellipsoid with bumps, turned, and seen along parallel rays.
#pragma once

#include <array>
#include <optional>

#include "data/face_model.hpp"

namespace facenet::faces {

struct Vector {
  float x = 0, y = 0, z = 0;
};

inline float dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

/// Where a ray meets the head.
struct Hit {
  float x = 0, y = 0;  ///< on the face plane, where features are drawn
  float z = 0;         ///< depth in the head's own frame; features belong to the front, z > 0
  Vector normal;       ///< in the viewer's frame, bumps included
};

class Head {
 public:
  Head(const Person& person, const Shot& shot);

  /// The surface seen at (x, y) of the view plane (half heights of the head from its centre; roll is taken out before).
  std::optional<Hit> hit(float x, float y) const;
  /// Where the point of the face plane is seen.
  std::array<float, 2> project(float x, float y) const;
  /// How far the head reaches to each side at a height of the view: for what surrounds it.
  float half_width(float view_y) const { return radii_.x * outline(view_y); }

 private:
  struct Bump {
    float x, y, width, height, amount;
  };
  /// Height above the ellipsoid, and its slope.
  float relief(float x, float y, float* slope_x, float* slope_y) const;
  /// How wide the head is at a height of the view, against the ellipsoid: jaw and cheeks.
  float outline(float view_y) const;
  Vector to_view(const Vector& v) const;
  Vector to_head(const Vector& v) const;

  const Person& person_;
  Vector radii_;
  std::array<std::array<float, 3>, 3> rotation_{};  // head to view
  std::array<Bump, 19> bumps_{};
};

}  // namespace facenet::faces
