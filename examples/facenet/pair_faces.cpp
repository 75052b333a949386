// The faces of a list of pairs.
#include "pair_faces.hpp"

#include <numeric>
#include <set>

#include <facenet/codes.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

using Numbers = std::unordered_map<std::string, std::int32_t>;

std::int32_t number(Numbers& numbers, const std::string& name) {
  return numbers.try_emplace(name, static_cast<std::int32_t>(numbers.size())).first->second;
}

}  // namespace

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

PairRows embed_pairs(const Common& common, const Model& model, const PairList& list, const fs::path& root,
                     const FaceOptions& options, Embeddings& embeddings, std::vector<float>& norms,
                     Failures& failures) {
  std::vector<Input> inputs;
  for (const auto& name : names_of(list)) inputs.push_back({root / name, name});
  Faces faces = embed_inputs(common, model, inputs, options, failures);
  embeddings = std::move(faces.embeddings);
  PairRows rows;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    rows.emplace(faces.faces[i].input.name, i);
    norms.push_back(faces.faces[i].norm);
  }
  return rows;
}

PairRows find_rows(const std::vector<std::string>& names, const std::string& file, Embeddings& embeddings,
                   Failures& failures) {
  embeddings = read_embeddings(file);
  const auto files = files_beside(file, embeddings.size());
  const std::set<std::string> wanted(names.begin(), names.end());
  PairRows rows;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = fs::path(files[i]).lexically_normal().generic_string();
    for (std::size_t at = 0; at < path.size(); ++at) {
      if ((at == 0 || path[at - 1] == '/') && wanted.contains(path.substr(at))) rows.emplace(path.substr(at), i);
    }
  }
  for (const auto& name : names) {
    if (!rows.contains(name)) failures.add(name, "the embeddings have no row for it");
  }
  return rows;
}

std::vector<std::pair<std::int32_t, std::int32_t>> people_of(const PairList& list) {
  std::vector<std::pair<std::int32_t, std::int32_t>> people;
  Numbers folders;
  bool agree = true;
  for (const auto& pair : list.pairs) {
    const auto folder = [&](const std::string& file) {
      return number(folders, fs::path(file).parent_path().generic_string());
    };
    people.emplace_back(folder(pair.a), folder(pair.b));
    agree = agree && (people.back().first == people.back().second) == pair.same;
  }
  if (agree) return people;

  Numbers files;
  for (const auto& pair : list.pairs) {
    number(files, pair.a);
    number(files, pair.b);
  }
  std::vector<std::int32_t> leader(files.size());  // trees of files that are one person
  std::iota(leader.begin(), leader.end(), 0);
  const auto person = [&](const std::string& file) {
    auto at = static_cast<std::size_t>(number(files, file));
    while (static_cast<std::size_t>(leader[at]) != at) {
      leader[at] = leader[static_cast<std::size_t>(leader[at])];
      at = static_cast<std::size_t>(leader[at]);
    }
    return static_cast<std::int32_t>(at);
  };
  for (const auto& pair : list.pairs) {
    if (pair.same) leader[static_cast<std::size_t>(person(pair.a))] = person(pair.b);
  }
  for (std::size_t i = 0; i < people.size(); ++i) people[i] = {person(list.pairs[i].a), person(list.pairs[i].b)};
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (!list.pairs[i].same && people[i].first == people[i].second) {
      throw FormatError("the pairs contradict each other: '" + printable(list.pairs[i].a) + "' and '" +
                        printable(list.pairs[i].b) + "' are said to be different, and by other pairs the same person");
    }
  }
  return people;
}

}  // namespace facenet::program
