// Reading constraints from a CSV table, and finding the faces that it names.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <unordered_map>

#include "cluster/links.hpp"
#include "facenet/csv.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamed = 10;  // faults in one message

std::string normal(const std::string& file) { return fs::path(file).lexically_normal().generic_string(); }

class FaceFinder {
 public:
  explicit FaceFinder(std::span<const FaceName> faces) : faces_(faces) {
    for (std::size_t i = 0; i < faces.size(); ++i) {
      paths_.push_back(normal(faces[i].file));
      of_path_[paths_.back()].push_back(static_cast<std::int32_t>(i));
      of_last_part_[last_part(paths_.back())].push_back(static_cast<std::int32_t>(i));
    }
  }

  // The row, or -1 and why not.
  std::int32_t find(const std::string& file, const std::string& face, std::string& fault) const {
    const std::string name = normal(file);
    std::vector<std::int32_t> rows;
    if (const auto whole = of_path_.find(name); whole != of_path_.end()) {
      rows = whole->second;
    } else if (const auto found = of_last_part_.find(last_part(name)); found != of_last_part_.end()) {
      std::ranges::copy_if(found->second, std::back_inserter(rows), [&, end = "/" + name](std::int32_t row) {
        return paths_[static_cast<std::size_t>(row)].ends_with(end);
      });
    }
    const auto path_of = [&](std::int32_t row) { return paths_[static_cast<std::size_t>(row)]; };
    if (rows.empty()) {
      fault = "'" + file + "' is none of the files that are given";
      return -1;
    }
    for (const std::int32_t row : rows) {
      if (path_of(row) != path_of(rows[0])) {
        fault = "'" + file + "' may be '" + path_of(rows[0]) + "' or '" + path_of(row) + "'; write more of its path";
        return -1;
      }
    }
    if (face.empty()) {
      const auto number = [&](std::int32_t row) { return faces_[static_cast<std::size_t>(row)].face; };
      const bool one = std::all_of(rows.begin(), rows.end(), [&](auto row) { return number(row) == number(rows[0]); });
      if (one) return rows[0];
      fault = "'" + file + "' shows " + std::to_string(rows.size()) + " faces; say which (face_a, face_b)";
      return -1;
    }
    std::int32_t number = -1;
    const auto [end, error] = std::from_chars(face.data(), face.data() + face.size(), number);
    for (const std::int32_t row : rows) {
      const bool is = faces_[static_cast<std::size_t>(row)].face == number;
      if (is && error == std::errc() && end == face.data() + face.size()) return row;
    }
    fault = "'" + file + "' has no face '" + face + "'";
    return -1;
  }

  std::string name(std::int32_t row) const {
    const auto& [file, face] = faces_[static_cast<std::size_t>(row)];
    return face == 0 ? file : file + ", face " + std::to_string(face);
  }

 private:
  static std::string last_part(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

  std::span<const FaceName> faces_;
  std::vector<std::string> paths_;
  std::unordered_map<std::string, std::vector<std::int32_t>> of_path_;       // rows
  std::unordered_map<std::string, std::vector<std::int32_t>> of_last_part_;  // often the same in each person's folder
};

}  // namespace

Constraints read_constraints(const fs::path& path, std::span<const FaceName> faces) {
  const CsvTable table = CsvTable::open(path);
  const std::size_t file_a = table.column("file_a");
  const std::size_t file_b = table.column("file_b");
  const std::size_t relation = table.column("relation");
  const FaceFinder finder(faces);
  Constraints constraints;
  std::vector<std::string> faults;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    const auto fault = [&](const std::string& text) {
      faults.push_back("line " + std::to_string(table.lines[r]) + ": " + text);
    };
    const auto find = [&](std::size_t file, const char* face) {
      std::string why;
      const std::int32_t item =
          finder.find(row[file], table.has_column(face) ? row[table.column(face)] : std::string(), why);
      if (item < 0) fault(why);
      return item;
    };
    const std::string& said = row[relation];
    if (said.empty()) continue;
    if (said == "not a face") {
      if (!row[file_b].empty()) {
        fault("'not a face' is said of one face: leave file_b empty");
      } else if (const std::int32_t item = find(file_a, "face_a"); item >= 0) {
        constraints.not_a_face.push_back(item);
      }
    } else if (said == "same" || said == "different") {
      const std::int32_t a = find(file_a, "face_a");
      const std::int32_t b = find(file_b, "face_b");
      if (a >= 0 && b >= 0) (said == "same" ? constraints.same : constraints.different).emplace_back(a, b);
    } else {
      fault("relation '" + said + "' is none of: same, different, not a face");
    }
  }
  if (!faults.empty()) {
    std::string message = table.name + ": ";
    for (std::size_t i = 0; i < std::min(faults.size(), kNamed); ++i) message += (i > 0 ? "; " : "") + faults[i];
    if (faults.size() > kNamed) message += "; and " + std::to_string(faults.size() - kNamed) + " more";
    throw FormatError(message);
  }
  for (std::size_t i = 0; i < faces.size(); ++i) constraints.names.push_back(finder.name(static_cast<std::int32_t>(i)));
  try {
    checked_links(constraints, faces.size());
  } catch (const InvalidArgument& error) {
    throw FormatError(table.name + ": " + error.what());
  }
  return constraints;
}

}  // namespace facenet
