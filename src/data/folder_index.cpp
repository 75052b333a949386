// Walks root/person/image.
#include "data/folder_index.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <facenet/dataset.hpp>
#include <facenet/error.hpp>

#include "base/files.hpp"

namespace facenet {
namespace fs = std::filesystem;
namespace {

/// Names in a folder, sorted by bytes, without hidden ones.
std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().native();
    if (!name.starts_with('.')) names.push_back(std::move(name));
  }
  if (error) throw IoError("cannot read the folder '" + printable(folder) + "': " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

bool is_image_name(const fs::path& path) {
  std::string ending = path.extension().native();
  for (char& c : ending) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png" || ending == ".bmp";
}

std::vector<std::int32_t> FolderIndex::labels() const {
  std::vector<std::int32_t> result(images.size());
  std::transform(images.begin(), images.end(), result.begin(), [](const Entry& entry) { return entry.person; });
  return result;
}

std::vector<std::int32_t> FolderIndex::counts() const {
  std::vector<std::int32_t> result(people.size());
  for (const Entry& entry : images) ++result[static_cast<std::size_t>(entry.person)];
  return result;
}

FolderIndex FolderIndex::filtered(const std::vector<bool>& keep) const {
  FolderIndex result{root, {}, {}};
  std::int32_t last = -1;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!keep.at(i)) continue;
    if (images[i].person != last) {  // images lie person by person
      last = images[i].person;
      result.people.push_back(people[static_cast<std::size_t>(last)]);
    }
    result.images.push_back({images[i].file, static_cast<std::int32_t>(result.people.size() - 1)});
  }
  return result;
}

FolderIndex index_folder(const fs::path& root, const std::optional<std::vector<std::string>>& only) {
  std::error_code error;
  if (!fs::exists(root, error)) throw IoError("there is no folder '" + printable(root) + "'");
  if (!fs::is_directory(root, error)) throw IoError("'" + printable(root) + "' is not a folder");
  FolderIndex index{root, {}, {}};
  std::set<std::string, std::less<>> missing;
  if (only) missing.insert(only->begin(), only->end());
  const auto wanted = missing;
  std::size_t folders = 0;
  for (const std::string& person : names_in(root)) {
    if (!fs::is_directory(root / person, error)) continue;
    ++folders;
    if (only && !wanted.contains(person)) continue;
    const std::size_t before = index.images.size();
    const auto label = static_cast<std::int32_t>(index.people.size());
    for (const std::string& name : names_in(root / person)) {
      if (is_image_name(name) && !fs::is_directory(root / person / name, error)) {
        index.images.push_back({person + '/' + name, label});
      }
    }
    if (index.images.size() == before) continue;
    index.people.push_back(person);
    missing.erase(person);
  }
  const std::string layout = " (expected: one folder for each person, with JPEG, PNG or BMP files in it)";
  if (folders == 0) throw FormatError("'" + printable(root) + "' has no folders of people" + layout);
  if (!missing.empty()) {
    std::string text;
    std::size_t shown = 0;
    for (auto it = missing.begin(); it != missing.end() && shown < 5; ++it, ++shown) {
      text += (shown == 0 ? "'" : ", '") + printable(*it) + "'";
    }
    throw FormatError(std::to_string(missing.size()) + " people of the list have no images in '" + printable(root) +
                      "': " + text + (missing.size() > shown ? ", ..." : ""));
  }
  if (index.images.empty()) throw FormatError("'" + printable(root) + "' has no images" + layout);
  return index;
}

std::vector<std::string> read_people_list(const fs::path& path, const fs::path& root) {
  const auto bytes = read_file(path, std::uint64_t{256} << 20U);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string> people;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find_first_of("\t\r"));
    while (line.ends_with(' ')) line.remove_suffix(1);
    std::error_code error;
    const bool digits = line.find_first_not_of("0123456789") == line.npos;
    if (!digits || (!line.empty() && fs::is_directory(root / line, error))) people.emplace_back(line);
  }
  if (people.empty()) throw FormatError("'" + printable(path) + "' names nobody: expected one person a line");
  return people;
}

}  // namespace facenet
