// The folders' order, read from the #include lines: arrows point down, there are no circles, oneDNN stays in kernels/
// and SQLite in gallery/, and public headers show the standard library and themselves only.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data.hpp"

namespace fs = std::filesystem;

namespace {

// A folder of src/ may include those of a smaller number, and those of its own number where that makes no circle.
const std::map<std::string, int> kLevels = {
    {"base", 0},   {"tensor", 1}, {"kernels", 2}, {"ops", 3},     {"autograd", 4}, {"graph", 4},
    {"nn", 5},     {"metric", 6}, {"data", 6},    {"train", 6},   {"io", 7},       {"models", 7},
    {"detect", 7}, {"eval", 7},   {"cluster", 7}, {"gallery", 7}, {"infer", 7},    {"api", 8},
};

/// Path, relative to the root (src/ops/relu.cpp), to the names in its #include lines, brackets or quotes included.
using Includes = std::map<std::string, std::vector<std::string>>;

Includes read_includes(const fs::path& root) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"][^>"]+[>"]))");
  Includes includes;
  for (const char* folder : {"src", "include"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file()) continue;
      auto& names = includes[fs::relative(entry.path(), root).generic_string()];
      std::ifstream file(entry.path());
      std::smatch match;
      for (std::string line; std::getline(file, line);) {
        if (std::regex_search(line, match, kInclude)) names.push_back(match[1]);
      }
    }
  }
  return includes;
}

bool starts(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }

/// src/ops/relu.cpp and "ops/relu.hpp" give ops; nothing for what lies in no folder.
std::string folder_of(std::string path) {
  if (starts(path, "src/")) path = path.substr(4);
  const auto slash = path.find('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

using Arrows = std::map<std::string, std::set<std::string>>;

/// One circle of arrows as "a -> b -> a"; empty when there is none.
std::string circle(const Arrows& arrows) {
  std::set<std::string> finished;
  std::vector<std::string> path;
  std::string found;
  const auto visit = [&](const auto& self, const std::string& node) -> bool {
    const auto seen = std::find(path.begin(), path.end(), node);
    if (seen != path.end()) {
      for (auto step = seen; step != path.end(); ++step) found += *step + " -> ";
      found += node;
      return true;
    }
    if (finished.count(node) != 0) return false;
    path.push_back(node);
    if (const auto targets = arrows.find(node); targets != arrows.end()) {
      for (const auto& target : targets->second) {
        if (self(self, target)) return true;
      }
    }
    path.pop_back();
    finished.insert(node);
    return false;
  };
  for (const auto& [node, targets] : arrows) {
    if (visit(visit, node)) break;
  }
  return found;
}

/// All that breaks the rules, one line each.
std::vector<std::string> violations(const Includes& includes) {
  std::vector<std::string> found;
  Arrows folders;
  Arrows files;
  for (const auto& [path, names] : includes) {
    const bool is_public = starts(path, "include/");
    const std::string from = is_public ? "" : folder_of(path);
    if (!is_public && !from.empty() && kLevels.count(from) == 0) found.push_back(path + ": folder without a level");
    for (const auto& quoted : names) {
      const std::string name = quoted.substr(1, quoted.size() - 2);
      const std::string arrow = path + " includes " + quoted;
      if (name.find("dnnl") != std::string::npos && from != "kernels") {
        found.push_back(arrow + ": oneDNN belongs into src/kernels");
      }
      if (name.find("sqlite") != std::string::npos && from != "gallery") {
        found.push_back(arrow + ": SQLite belongs into src/gallery");
      }
      if (is_public &&
          (quoted[0] != '<' || (!starts(name, "facenet/") && name.find_first_of("/.") != std::string::npos))) {
        found.push_back(arrow + ": a public header shows the standard library and <facenet/...> only");
      }
      if (starts(name, "facenet/") && includes.count("include/" + name) != 0) files[path].insert("include/" + name);
      if (is_public || quoted[0] != '"') continue;
      if (includes.count("src/" + name) != 0) files[path].insert("src/" + name);
      const std::string to = folder_of(name);
      if (from.empty() || to.empty() || from == to) continue;
      if (kLevels.count(from) == 0 || kLevels.count(to) == 0) continue;
      folders[from].insert(to);
      if (kLevels.at(to) > kLevels.at(from)) found.push_back(arrow + ": the arrow runs up");
    }
  }
  if (const auto round = circle(folders); !round.empty()) found.push_back("folders in a circle: " + round);
  if (const auto round = circle(files); !round.empty()) found.push_back("files in a circle: " + round);
  return found;
}

bool one_violation(const Includes& includes, const std::string& words) {
  const auto found = violations(includes);
  return found.size() == 1 && found[0].find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("the library's includes keep to the order of its folders") {
  const auto includes = read_includes(facenet::test::source_dir());
  REQUIRE(includes.size() > 10);
  REQUIRE(includes.count("include/facenet/error.hpp") == 1);
  for (const auto& violation : violations(includes)) FAIL_CHECK(violation);
}

TEST_CASE("each rule finds what breaks it") {
  CHECK(violations({{"src/ops/a.cpp", {"\"tensor/b.hpp\"", "<vector>", "<facenet/error.hpp>"}}}).empty());
  CHECK(violations({{"src/data/a.cpp", {"\"metric/b.hpp\""}}, {"src/train/a.cpp", {"\"data/a.hpp\""}}}).empty());
  CHECK(one_violation({{"src/ops/a.cpp", {"\"graph/b.hpp\""}}}, "the arrow runs up"));
  CHECK(one_violation({{"src/data/a.cpp", {"\"metric/b.hpp\""}}, {"src/metric/a.cpp", {"\"data/a.hpp\""}}},
                      "folders in a circle: data -> metric -> data"));
  CHECK(
      one_violation({{"src/ops/a.hpp", {"\"ops/b.hpp\""}}, {"src/ops/b.hpp", {"\"ops/a.hpp\""}}}, "files in a circle"));
  CHECK(one_violation({{"src/nn/a.cpp", {"<oneapi/dnnl/dnnl.hpp>"}}}, "oneDNN belongs"));
  CHECK(violations({{"src/kernels/a.cpp", {"<oneapi/dnnl/dnnl.hpp>"}}}).empty());
  CHECK(one_violation({{"src/api/a.cpp", {"<sqlite3.h>"}}}, "SQLite belongs"));
  CHECK(one_violation({{"src/novel/a.cpp", {}}}, "without a level"));
  for (const char* name : {"<Eigen/Dense>", "<nlohmann/json.hpp>", "\"tensor/tensor.hpp\"", "<turbojpeg.h>"}) {
    CHECK(one_violation({{"include/facenet/a.hpp", {name}}}, "a public header shows"));
  }
}
