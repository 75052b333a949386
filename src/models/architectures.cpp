// The list of networks.
#include "models/architectures.hpp"

#include <facenet/error.hpp>

namespace facenet::models {
namespace {

struct Entry {
  std::string_view name;
  Graph (*make)(const ArchitectureOptions&);
};
constexpr Entry kArchitectures[] = {{"nn1", nn1},   {"nn2", nn2},   {"nn3", nn3},  {"nn4", nn4},
                                    {"nns1", nns1}, {"nns2", nns2}, {"tiny", tiny}};

}  // namespace

std::vector<std::string_view> architecture_names() {
  std::vector<std::string_view> names;
  for (const auto& entry : kArchitectures) names.push_back(entry.name);
  return names;
}

Graph make_architecture(std::string_view name, const ArchitectureOptions& options) {
  if (options.embedding_size < 1 || options.embedding_size > 65536) {
    throw InvalidArgument("the embedding size must be between 1 and 65536, not " +
                          std::to_string(options.embedding_size));
  }
  std::string known;
  for (const auto& entry : kArchitectures) {
    if (entry.name == name) return entry.make(options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw InvalidArgument("no network is called '" + std::string(name) + "'; known are " + known);
}

}  // namespace facenet::models
