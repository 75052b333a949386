// The templates that pretrained networks were trained with.
#include "io/face_templates.hpp"

namespace facenet {
namespace {

constexpr FaceTemplate kTemplates[] = {
    // InsightFace, ArcFace, and nearly all networks for 112x112 pixels since.
    {"arcface-112",
     112,
     {38.2946F, 51.6963F, 73.5318F, 51.5014F, 56.0252F, 71.7366F, 41.5493F, 92.3655F, 70.7299F, 92.2041F}},
    // dlib aligns by landmarks of its own, the corners of the eyes and the nose: this is where MTCNN's five points lie
    // in
    // faces that dlib has aligned, on average.
    {"dlib-mtcnn-150",
     150,
     {48.543F, 46.661F, 102.429F, 46.661F, 75.298F, 78.847F, 51.735F, 105.581F, 98.907F, 105.655F}},
};

}  // namespace

const FaceTemplate* find_face_template(std::string_view name) {
  for (const auto& known : kTemplates) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

std::vector<std::string> face_template_names() {
  std::vector<std::string> names;
  for (const auto& known : kTemplates) names.emplace_back(known.name);
  return names;
}

}  // namespace facenet
