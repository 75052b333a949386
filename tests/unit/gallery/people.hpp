// Made-up people for the gallery's tests: directions on a sphere, and images near them.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "facenet/gallery.hpp"

namespace facenet::test {

inline std::vector<float> scaled(const std::vector<double>& row) {
  double norm = 0;
  for (const double value : row) norm += value * value;
  std::vector<float> result;
  for (const double value : row) result.push_back(static_cast<float>(value / std::sqrt(norm)));
  return result;
}

/// A direction of unit length.
inline std::vector<float> unit(std::size_t d, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> row(d);
  for (double& value : row) value = random.normal();
  return scaled(row);
}

/// An image of a person: their direction with some noise.
inline std::vector<float> face_of(std::size_t d, std::uint64_t person, std::uint64_t image, double noise = 0.4) {
  const auto centre = unit(d, person);
  Random random(person * 1000 + image + 1);
  std::vector<double> row;
  for (const float value : centre) {
    row.push_back(static_cast<double>(value) + noise * random.normal() / std::sqrt(static_cast<double>(d)));
  }
  return scaled(row);
}

inline Enrolment enrolment(const std::string& person, std::vector<float> embedding, const std::string& image = {},
                           const std::string& digest = {}) {
  Enrolment result;
  result.person = person;
  result.embedding = std::move(embedding);
  result.image = image;
  result.digest = digest;
  return result;
}

inline const GalleryModel kModel{std::string(64, 'a'), 32};

}  // namespace facenet::test
