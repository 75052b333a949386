// Templates of several media (IJB-A, Klare et al. 2015, and after it): as InsightFace publishes them, or as tables.
#include <algorithm>
#include <array>
#include <unordered_map>

#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/protocols.hpp>

#include "eval/words.hpp"

namespace fs = std::filesystem;

namespace facenet {
namespace {

// Numbers for names, in the order in which they come.
class Numbers {
 public:
  std::int32_t of(const std::string& name) {
    return numbers_.try_emplace(name, static_cast<std::int32_t>(numbers_.size())).first->second;
  }
  const std::int32_t* find(const std::string& name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? nullptr : &found->second;
  }

 private:
  std::unordered_map<std::string, std::int32_t> numbers_;
};

struct Templates {
  SetPairs sets;
  Numbers names;
  Numbers media;

  void add(const std::string& file, const std::string& name, const std::string& medium) {
    const auto number = static_cast<std::size_t>(names.of(name));
    if (number == sets.sets.size()) sets.sets.push_back({name, {}});
    sets.sets[number].images.push_back({file, media.of(medium)});
  }
};

// The one file in `folder` whose name ends so.
fs::path file_in(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
  }
  if (found.empty()) throw IoError("'" + printable(folder) + "' holds no file *" + ending);
  if (found.size() > 1) {
    throw FormatError("'" + printable(folder) + "' holds several files *" + ending + ": keep one test in a folder");
  }
  return found.front();
}

void read_media(const fs::path& file, Templates& templates) {
  WordReader reader(file);
  for (auto words = reader.words(); !words.empty(); words = reader.words()) {
    if (words.size() != 3) reader.fail("expected 'file template medium'");
    templates.add(words[0], words[1], words[2]);
  }
}

void read_labels(const fs::path& file, Templates& templates) {
  WordReader reader(file);
  for (auto words = reader.words(); !words.empty(); words = reader.words()) {
    if (words.size() != 3 || (words[2] != "0" && words[2] != "1")) reader.fail("expected 'template template 1 or 0'");
    const auto* a = templates.names.find(words[0]);
    const auto* b = templates.names.find(words[1]);
    if (a == nullptr || b == nullptr) {
      reader.fail("there is no template '" + printable(words[a == nullptr ? 0 : 1]) + "'");
    }
    templates.sets.pairs.push_back({*a, *b, words[2] == "1", 1});
  }
}

LandmarkTable read_points(const fs::path& file) {
  WordReader reader(file);
  LandmarkTable table;
  for (auto words = reader.words(); !words.empty(); words = reader.words()) {
    if (words.size() < 11) reader.fail("expected 'file x1 y1 ... x5 y5 score'");
    Landmarks points{};
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto value = decimal_number(words[i + 1]);
      if (!value) reader.fail("'" + printable(words[i + 1]) + "' is no number");
      points[i] = *value;
    }
    if (!table.emplace(words[0], points).second) reader.fail("'" + printable(words[0]) + "' comes twice");
  }
  return table;
}

void read_tables(const fs::path& folder, Templates& templates) {
  const auto images = CsvTable::open(folder / "templates.csv");
  const std::size_t file = images.column("file");
  const std::size_t name = images.column("template");
  const bool has_media = images.has_column("medium");
  const std::size_t medium = images.column(has_media ? "medium" : "file");
  for (const auto& row : images.rows) templates.add(row[file], row[name], row[medium]);

  const auto pairs = CsvTable::open(folder / "template_pairs.csv");
  const std::array<std::size_t, 2> sides{pairs.column("template_a"), pairs.column("template_b")};
  const std::size_t same = pairs.column("same");
  const bool has_folds = pairs.has_column("fold");
  const std::size_t fold = has_folds ? pairs.column("fold") : 0;
  for (std::size_t i = 0; i < pairs.rows.size(); ++i) {
    const auto& row = pairs.rows[i];
    const auto fail = [&](const std::string& why) {
      throw FormatError(pairs.name + ", line " + std::to_string(pairs.lines[i]) + ": " + why);
    };
    if (row[same] != "0" && row[same] != "1") fail("same must be 1 or 0");
    const auto number = has_folds ? whole_number(row[fold]) : 1;
    if (!number || *number < 1) fail("fold must be a whole number from 1");
    std::array<std::int32_t, 2> numbers{};
    for (std::size_t side = 0; side < 2; ++side) {
      const auto* found = templates.names.find(row[sides[side]]);
      if (found == nullptr) fail("there is no template '" + printable(row[sides[side]]) + "'");
      numbers[side] = found == nullptr ? 0 : *found;
    }
    templates.sets.pairs.push_back({numbers[0], numbers[1], row[same] == "1", number.value_or(1)});
    templates.sets.folds = std::max(templates.sets.folds, number.value_or(1));
  }
}

}  // namespace

SetPairs read_ijb(const fs::path& folder) {
  Templates templates;
  templates.sets.root = folder;
  if (fs::exists(folder / "templates.csv")) {
    read_tables(folder, templates);
    if (fs::is_directory(folder / "images")) templates.sets.root = folder / "images";
    return std::move(templates.sets);
  }
  const fs::path meta = folder / "meta";
  if (!fs::is_directory(meta)) {
    throw IoError("'" + printable(folder) +
                  "' holds neither templates.csv nor a folder meta/ as InsightFace's IJB has");
  }
  read_media(file_in(meta, "_face_tid_mid.txt"), templates);
  read_labels(file_in(meta, "_template_pair_label.txt"), templates);
  templates.sets.landmarks = read_points(file_in(meta, "_name_5pts_score.txt"));
  templates.sets.root = folder / "loose_crop";
  return std::move(templates.sets);
}

}  // namespace facenet
