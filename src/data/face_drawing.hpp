// What covers the generated head: skin and features by signed distance, hair, clothes, backdrop.
#pragma once

#include "data/face_geometry.hpp"

namespace facenet::faces {

/// Paints one picture, one point of the view at a time.
class Painter {
 public:
  /// `pixel`: the size of a pixel in half heights of the head; edges are that soft.
  Painter(const Person& person, const Shot& shot, float pixel);

  /// The colour seen at (x, y) of the view plane, before the camera: 0 to about 1.
  Colour paint(float x, float y) const;
  const Head& head() const { return head_; }
  /// Eyes, nose and mouth corners on the face plane, as Landmarks order them.
  std::array<std::array<float, 2>, 5> points() const;

 private:
  float cover(float distance) const;  // 1 inside (negative distance), 0 outside
  Colour backdrop(float x, float y) const;
  Colour body(Colour under, float x, float y) const;
  Colour skin(const Hit& hit) const;
  Colour features(const Hit& hit, Colour base) const;
  void eye(Colour& colour, float x, float y, float side) const;
  void brow(Colour& colour, float x, float y, float side) const;
  void nose(Colour& colour, float x, float y) const;
  void mouth(Colour& colour, float x, float y) const;
  void beard(Colour& colour, float x, float y) const;
  Colour lit(const Colour& albedo, const Vector& normal, float shine) const;
  Colour hair(float x, float y, const Vector& normal) const;
  /// Signed distance to hair on the head itself.
  float hair_distance(const std::optional<Hit>& hit) const;
  Colour worn(Colour under, const std::optional<Hit>& hit, float x, float y) const;

  const Person& person_;
  const Shot& shot_;
  Head head_;
  float pixel_;
  Colour skin_colour_{};
  Colour hair_colour_{};
};

}  // namespace facenet::faces
