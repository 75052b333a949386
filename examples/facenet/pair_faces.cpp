// The faces of a list of pairs: where they lie, their embeddings in a file, and whose they are.
#include "pair_faces.hpp"

#include <numeric>
#include <set>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace fs = std::filesystem;

namespace facenet::program {

PairList read_lfw(const fs::path& file, const fs::path& root) {
  for (const char* ending : {".jpg", ".png", ".jpeg", ".bmp"}) {
    PairList list = read_lfw_pairs(file, ending);
    for (const auto& pair : list.pairs) {
      if (fs::exists(root / pair.a)) return list;
    }
  }
  return read_lfw_pairs(file);
}

std::vector<std::string> names_of(const PairList& list) {
  std::set<std::string> names;
  for (const auto& pair : list.pairs) names.insert({pair.a, pair.b});
  return {names.begin(), names.end()};
}

PairRows find_rows(const std::vector<std::string>& names, const Faces& faces, Failures& failures) {
  const std::set<std::string> wanted(names.begin(), names.end());
  PairRows rows;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const std::string path = faces.faces[i].input.path.lexically_normal().generic_string();
    for (std::size_t at = 0; at < path.size(); ++at) {
      if ((at == 0 || path[at - 1] == '/') && wanted.contains(path.substr(at))) rows.emplace(path.substr(at), i);
    }
  }
  for (const auto& name : names) {
    if (!rows.contains(name)) failures.add(name, "the embeddings have no row for it");
  }
  return rows;
}

std::vector<std::pair<std::int32_t, std::int32_t>> people_of(std::span<const FacePair> pairs) {
  std::unordered_map<std::string, std::int32_t> numbers;
  for (const auto& pair : pairs) {
    for (const auto* file : {&pair.a, &pair.b}) numbers.try_emplace(*file, static_cast<std::int32_t>(numbers.size()));
  }
  std::vector<std::int32_t> leader(numbers.size());  // trees of files that are one person
  std::iota(leader.begin(), leader.end(), 0);
  const auto person = [&](const std::string& file) {
    auto at = static_cast<std::size_t>(numbers.at(file));
    while (static_cast<std::size_t>(leader[at]) != at) {
      leader[at] = leader[static_cast<std::size_t>(leader[at])];
      at = static_cast<std::size_t>(leader[at]);
    }
    return static_cast<std::int32_t>(at);
  };
  for (const auto& pair : pairs) {
    if (pair.same) leader[static_cast<std::size_t>(person(pair.a))] = person(pair.b);
  }
  std::vector<std::pair<std::int32_t, std::int32_t>> people;
  for (const auto& pair : pairs) {
    people.emplace_back(person(pair.a), person(pair.b));
    if (!pair.same && people.back().first == people.back().second) {
      throw FormatError("the pairs contradict each other: '" + printable(pair.a) + "' and '" + printable(pair.b) +
                        "' are said to be different, and by other pairs the same person");
    }
  }
  return people;
}

}  // namespace facenet::program
