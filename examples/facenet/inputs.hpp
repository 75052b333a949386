// The INPUT of a command: image files, folders (all in them), "-" for a list of paths on standard input.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common.hpp"

namespace facenet::program {

struct Input {
  std::filesystem::path path;
  std::string name;  ///< below the folder that was given, '/' between; of a file given itself, the path
};

/// In the order given; what is in a folder by the order of its bytes: JPEG, PNG and BMP files by their ending, hidden
/// ones left out. What is missing or cannot be listed goes to `failures`. UsageError when there are no arguments,
/// or only an empty list.
std::vector<Input> expand_inputs(const Common& common, Failures& failures);

}  // namespace facenet::program
