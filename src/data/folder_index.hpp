// The index of a folder of people: root/person/image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace facenet {

/// What lies in a folder, nothing decoded. People and images are in the order of their bytes, so that an index is the
/// same wherever the folder lies.
struct FolderIndex {
  struct Entry {
    std::string file;  ///< relative to root: person/image.jpg
    std::int32_t person = 0;
    bool operator==(const Entry&) const = default;
  };
  std::filesystem::path root;
  std::vector<std::string> people;
  std::vector<Entry> images;

  std::filesystem::path path(std::size_t image) const { return root / images.at(image).file; }
  /// The person of each image.
  std::vector<std::int32_t> labels() const;
  /// How many images each person has.
  std::vector<std::int32_t> counts() const;
  /// Only the images for which `keep` says so; people left without images go too.
  FolderIndex filtered(const std::vector<bool>& keep) const;
};

/// Looks for JPEG, PNG and BMP files (by ending, in any case) one folder below `root`; names that begin with a dot,
/// other files and people without images are passed over. `only`, when given, names the people to take. IoError when
/// root is missing or no folder; FormatError when it has no people, no images, or not all of `only`.
FolderIndex index_folder(const std::filesystem::path& root,
                         const std::optional<std::vector<std::string>>& only = std::nullopt);

/// A list of people, one a line. What follows a tab is passed over, and so are lines of digits alone that name no
/// folder in `root`: LFW's people.txt, which has counts, can be read as it is. IoError; FormatError when it names
/// nobody.
std::vector<std::string> read_people_list(const std::filesystem::path& path, const std::filesystem::path& root);

}  // namespace facenet
