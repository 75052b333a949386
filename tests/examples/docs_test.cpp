// The documents: quoted code is the code that is built, commands run, links lead somewhere, headers are documented.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <regex>
#include <vector>

#include "catch.hpp"
#include "data.hpp"
#include "shell.hpp"

namespace fs = std::filesystem;

namespace facenet::test {
namespace {

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

struct Block {
  std::string where;  ///< guide.md:12
  std::string language;
  std::string quotes;  ///< the file that the comment before it names: <!-- examples/a.cpp -->
  std::string prints;  ///< the command whose output it shows: <!-- prints: facenet info nn2 -->
  std::vector<std::string> lines;
};

std::vector<Block> blocks_of(const fs::path& document) {
  static const std::regex kMark("<!-- (\\S+) -->");
  static const std::regex kPrints("<!-- prints: (facenet .+) -->");
  std::vector<Block> blocks;
  std::string before;
  bool inside = false;
  int number = 0;
  for (const auto& line : lines_of(document)) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      inside = !inside;
      if (inside) {
        std::smatch mark;
        const std::string quotes = std::regex_match(before, mark, kMark) ? mark[1].str() : "";
        const std::string prints = std::regex_match(before, mark, kPrints) ? mark[1].str() : "";
        blocks.push_back(
            {document.filename().string() + ":" + std::to_string(number), line.substr(3), quotes, prints, {}});
      }
    } else if (inside) {
      blocks.back().lines.push_back(line);
    }
    before = line;
  }
  REQUIRE_FALSE(inside);
  return blocks;
}

// docs/*.md, and README.md where there is one.
std::vector<fs::path> documents() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(source_dir() / "docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  if (fs::exists(source_dir() / "README.md")) found.push_back(source_dir() / "README.md");
  std::sort(found.begin(), found.end());
  return found;
}

// Whether the lines stand in the file as they are, one after another.
bool holds(const fs::path& file, const std::vector<std::string>& lines) {
  const auto all = lines_of(file);
  return std::search(all.begin(), all.end(), lines.begin(), lines.end()) != all.end();
}

}  // namespace

TEST_CASE("the documents' code is that of the examples") {
  int quoted_blocks = 0;
  for (const auto& document : documents()) {
    for (const auto& block : blocks_of(document)) {
      INFO(block.where);
      if (block.quotes.empty()) {
        // C++ that no compiler has seen grows stale: quote a file, <!-- examples/name.cpp --> on the line before.
        CHECK(block.language != "cpp");
        continue;
      }
      INFO(block.quotes);
      CHECK_FALSE(block.lines.empty());
      CHECK(holds(source_dir() / block.quotes, block.lines));
      ++quoted_blocks;
    }
  }
  CHECK(quoted_blocks > 10);
}

TEST_CASE("the documents' outputs are those of the commands above them") {
  const fs::path program = required("FACENET_PROGRAM");
  int shown = 0;
  for (const auto& document : documents()) {
    for (const auto& block : blocks_of(document)) {
      if (block.prints.empty()) continue;
      const auto result = shell("PATH=" + quoted(program.parent_path()) + ":$PATH " + block.prints);
      std::string text;
      for (const auto& line : block.lines) text += line + "\n";
      INFO(block.where << ": " << block.prints << "\n" << result.output);
      CHECK(result.status == 0);
      CHECK(result.says(text));
      ++shown;
    }
  }
  CHECK(shown >= 5);
}

TEST_CASE("the documents' links lead to files that exist") {
  static const std::regex kLink("\\]\\(([^)#\\s]+)");
  for (const auto& document : documents()) {
    bool code = false;
    for (const auto& line : lines_of(document)) {
      if (line.rfind("```", 0) == 0) code = !code;
      if (code) continue;
      for (std::sregex_iterator at(line.begin(), line.end(), kLink), end; at != end; ++at) {
        const std::string link = (*at)[1];
        INFO(document << ": " << link);
        CHECK((link.find("://") != std::string::npos || fs::exists(document.parent_path() / link)));
      }
    }
  }
}

TEST_CASE("the guide's commands run, one after another") {
  if (std::getenv("FACENET_UNDER_SANITIZER") != nullptr) {
    std::cerr << "SKIPPED: the guide's commands take too long under a sanitizer\n";
    return;
  }
  const ScratchFolder scratch;
  const fs::path program = required("FACENET_PROGRAM");
  std::string script =
      "set -eu\nexport PATH=" + quoted(program.parent_path()) + ":$PATH\ncd " + quoted(scratch.path()) + "\n";
  int commands = 0;
  for (const auto& block : blocks_of(source_dir() / "docs" / "guide.md")) {
    if (block.language != "sh") continue;
    for (const auto& line : block.lines) {
#ifndef FACENET_HAVE_ONNX
      if (line.rfind("facenet export", 0) == 0) continue;
#endif
      script += line + "\n";
      commands += line.rfind("facenet ", 0) == 0 ? 1 : 0;
    }
  }
  CHECK(commands >= 9);
  const auto result = shell("bash <<'END_OF_SCRIPT'\n" + script + "END_OF_SCRIPT");
  INFO(script << "\n" << result.output);
  CHECK(result.status == 0);
  CHECK(fs::exists(scratch / "groups.csv"));
}

TEST_CASE("facenet.hpp includes every public header") {
  const fs::path folder = source_dir() / "include";
  for (const auto& entry : fs::recursive_directory_iterator(folder / "facenet")) {
    const std::string name = fs::relative(entry.path(), folder).generic_string();
    if (entry.path().extension() != ".hpp" || name == "facenet/facenet.hpp" || name == "facenet/export.hpp") continue;
    INFO(name);
    CHECK(holds(folder / "facenet" / "facenet.hpp", {"#include <" + name + ">"}));
  }
}

TEST_CASE("the reference is made from the headers without a warning") {
  if (shell("command -v doxygen").status != 0) {
    std::cerr << "SKIPPED: doxygen is not installed\n";
    return;
  }
  const ScratchFolder scratch;
  const auto doxygen = [&](const std::string& settings) {
    return shell("cd " + quoted(source_dir()) + " && { cat docs/Doxyfile; echo OUTPUT_DIRECTORY=" +
                 quoted(scratch.path()) + "; printf '" + settings + "'; } | doxygen -");
  };
  const auto reference = doxygen("");
  INFO(reference.output);
  CHECK(reference.status == 0);
  CHECK(fs::exists(scratch / "reference/index.html"));

  // Members may be named so that no word is needed; classes and structs have one each.
  const auto strict = doxygen("EXTRACT_ALL=NO\\nWARN_AS_ERROR=NO\\nGENERATE_HTML=NO\\nGENERATE_XML=YES\\n");
  static const std::regex kCompound("Compound \\S+ is not documented");
  for (std::sregex_iterator at(strict.output.begin(), strict.output.end(), kCompound), end; at != end; ++at) {
    FAIL_CHECK((*at)[0].str());
  }
}

}  // namespace facenet::test
