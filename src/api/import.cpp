// Import: from a file of another framework to the public handle.
#include <facenet/import.hpp>

#include "api/model_access.hpp"
#include "io/face_templates.hpp"
#include "io/importers.hpp"

namespace facenet {

std::vector<std::string> import_templates() { return face_template_names(); }

Model import_model(const std::filesystem::path& path, const ImportOptions& options) {
  return make_model(import_file(path, options));
}

}  // namespace facenet
