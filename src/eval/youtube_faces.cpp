// YouTube Faces (Wolf, Hassner and Maoz 2011): pairs of clips, which are folders of frames.
#include <algorithm>
#include <map>
#include <utility>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/protocols.hpp>

#include "eval/words.hpp"

namespace fs = std::filesystem;

namespace facenet {
namespace {

constexpr std::int32_t kMostFolds = 10'000;

// Runs of digits compare as numbers: frame 2 comes before frame 10.
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
      ++i;
      ++j;
      continue;
    }
    const auto number = [&](const std::string& text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const std::size_t start = at;
      while (at < text.size() && digit(text[at])) ++at;
      return text.substr(start, at - start);
    };
    const std::string x = number(a, i);
    const std::string y = number(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
  return a < b;
}

std::vector<SetImage> frames_of(const fs::path& root, const std::string& clip) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(root / clip, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(".") && is_image_name(entry->path())) files.push_back(clip + "/" + name);
  }
  std::sort(files.begin(), files.end(), natural_less);
  std::vector<SetImage> frames;
  for (auto& file : files) frames.push_back({std::move(file), static_cast<std::int32_t>(frames.size())});
  return frames;
}

}  // namespace

SetPairs read_youtube_faces(const fs::path& folder) {
  const bool lower = fs::exists(folder / "splits.txt") || !fs::exists(folder / "Splits.txt");
  WordReader reader(folder / (lower ? "splits.txt" : "Splits.txt"), ",");
  SetPairs result;
  std::map<std::string, std::int32_t> numbers;
  const auto clip = [&](const std::string& name) {
    const fs::path path(name);
    const bool inside = std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
    if (path.is_absolute() || !inside || path.filename().empty()) reader.fail("'" + printable(name) + "' is no clip");
    const auto [at, added] = numbers.try_emplace(name, static_cast<std::int32_t>(result.sets.size()));
    if (added) result.sets.push_back({name, {}});
    return at->second;
  };
  bool first = true;
  for (auto words = reader.words(); !words.empty(); words = reader.words()) {
    const auto fold = whole_number(words[0]);
    if (std::exchange(first, false) && !fold) continue;  // "split number, first name, second name, is same"
    if (words.size() != 4 || !fold || *fold < 1 || *fold > kMostFolds || (words[3] != "0" && words[3] != "1")) {
      reader.fail("expected 'fold, clip, clip, 1 or 0'");
    }
    const std::int32_t a = clip(words[1]);
    const std::int32_t b = clip(words[2]);
    result.pairs.push_back({a, b, words[3] == "1", *fold});
    result.folds = std::max(result.folds, *fold);
  }
  result.root = folder;
  for (const char* name : {"aligned_images_DB", "frame_images_DB", "images"}) {
    if (!fs::is_directory(folder / name)) continue;
    result.root = folder / name;
    break;
  }
  for (ImageSet& set : result.sets) set.images = frames_of(result.root, set.name);
  return result;
}

}  // namespace facenet
