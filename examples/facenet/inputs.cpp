// The INPUT of a command: files, folders and lists.
#include "inputs.hpp"

#include <algorithm>
#include <cctype>
#include <iostream>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

void add_folder(const fs::path& folder, std::vector<Input>& inputs, Failures& failures) {
  std::vector<Input> found;
  std::error_code error;
  // Links to folders are not followed: they may lead back.
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (is_hidden(at->path())) {
      if (at->is_directory(ignored)) at.disable_recursion_pending();
      continue;
    }
    if (at->is_regular_file(ignored) && is_image_name(at->path())) {
      found.push_back({at->path(), at->path().lexically_relative(folder).generic_string()});
    }
  }
  if (error) failures.add(folder, "cannot list the folder: " + error.message());
  if (found.empty() && !error) failures.add(folder, "there is no JPEG, PNG or BMP file in this folder");
  std::sort(found.begin(), found.end(), [](const Input& a, const Input& b) { return a.name < b.name; });
  inputs.insert(inputs.end(), found.begin(), found.end());
}

void add(const fs::path& path, std::vector<Input>& inputs, Failures& failures) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_directory(status)) {
    add_folder(path, inputs, failures);
  } else if (!fs::exists(status)) {
    failures.add(path, error && status.type() != fs::file_type::not_found ? error.message() : "there is no such file");
  } else {
    inputs.push_back({path, path.generic_string()});
  }
}

}  // namespace

bool is_image_name(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png" || ending == ".bmp";
}

std::vector<Input> expand_inputs(const Common& common, Failures& failures) {
  if (common.arguments.empty()) throw UsageError("give at least one INPUT: an image, a folder, or - for a list");
  std::vector<Input> inputs;
  bool listed = false;
  for (const auto& argument : common.arguments) {
    if (argument != "-") {
      add(argument, inputs, failures);
      continue;
    }
    if (listed) throw UsageError("- can be given once: standard input can be read once");
    listed = true;
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty()) add(line, inputs, failures);
    }
  }
  return inputs;
}

}  // namespace facenet::program
