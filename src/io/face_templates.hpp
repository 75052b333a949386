// Where the five points of a face belong in a network's input.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace facenet {

struct FaceTemplate {
  std::string_view name;
  int size;                      ///< of the square input, pixels
  std::array<float, 10> points;  ///< as facenet::Landmarks
};

/// The template of this name; null when there is none.
const FaceTemplate* find_face_template(std::string_view name);
std::vector<std::string> face_template_names();

}  // namespace facenet
