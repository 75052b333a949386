// The INPUT of a command: files, folders and lists.
#include "inputs.hpp"

#include <algorithm>
#include <iostream>

#include <facenet/dataset.hpp>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

// `above`: the folders that this one is in, as they really are: a link may lead back to one of them.
void list_folder(const fs::path& folder, const std::string& prefix, std::vector<fs::path>& above,
                 std::vector<Input>& found, Failures& failures) {
  std::error_code error;
  const auto real = fs::canonical(folder, error);
  if (!error && std::find(above.begin(), above.end(), real) != above.end()) return;
  fs::directory_iterator at;
  if (!error) at = fs::directory_iterator(folder, error);
  above.push_back(real);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (is_hidden(at->path())) continue;
    const std::string name = prefix + at->path().filename().string();
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      list_folder(at->path(), name + "/", above, found, failures);
    } else if (at->is_regular_file(ignored) && is_image_name(at->path())) {
      found.push_back({at->path(), name});
    }
  }
  above.pop_back();
  if (error) failures.add(folder, "cannot list the folder: " + error.message());
}

void add_folder(const fs::path& folder, std::vector<Input>& inputs, Failures& failures) {
  std::vector<Input> found;
  std::vector<fs::path> above;
  const std::size_t before = failures.size();
  list_folder(folder, "", above, found, failures);
  if (found.empty() && failures.size() == before) {
    failures.add(folder, "there is no JPEG, PNG or BMP file in this folder");
  }
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
  if (inputs.empty() && failures.empty()) throw UsageError("standard input names no file");
  return inputs;
}

}  // namespace facenet::program
