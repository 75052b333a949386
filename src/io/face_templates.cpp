// The list of templates.
#include "io/face_templates.hpp"

#include <array>

namespace facenet {
namespace {

const auto& templates() {
  static const std::array<NamedTemplate, 2> kTemplates{{
      // InsightFace, ArcFace, and nearly all networks for 112x112 pixels since.
      {"arcface-112", arcface_template(112)},
      // dlib aligns by landmarks of its own, the corners of the eyes and the nose: this is where MTCNN's five points
      // lie in faces that dlib has aligned, on average.
      {"dlib-mtcnn-150", dlib_template()},
  }};
  return kTemplates;
}

}  // namespace

const NamedTemplate* find_face_template(std::string_view name) {
  for (const auto& known : templates()) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

std::vector<std::string> face_template_names() {
  std::vector<std::string> names;
  for (const auto& known : templates()) names.emplace_back(known.name);
  return names;
}

}  // namespace facenet
