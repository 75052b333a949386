// The templates that pretrained networks were trained with, by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/geometry.hpp"

namespace facenet {

struct NamedTemplate {
  std::string_view name;
  FaceTemplate face;
};

/// The template of this name; null when there is none.
const NamedTemplate* find_face_template(std::string_view name);
std::vector<std::string> face_template_names();

}  // namespace facenet
