// CSV tables and the landmarks file.
#include "data/csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <facenet/error.hpp>

#include "base/files.hpp"

namespace facenet {
namespace {

constexpr std::array<const char*, 10> kPointColumns{"left_eye_x",    "left_eye_y",   "right_eye_x",  "right_eye_y",
                                                    "nose_x",        "nose_y",       "mouth_left_x", "mouth_left_y",
                                                    "mouth_right_x", "mouth_right_y"};
constexpr std::uint64_t kMaxTableBytes = std::uint64_t{1} << 30U;

[[noreturn]] void fail(const std::string& name, std::size_t line, const std::string& reason) {
  throw FormatError(name + ", line " + std::to_string(line) + ": " + reason);
}

}  // namespace

CsvTable CsvTable::open(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kMaxTableBytes);
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, printable(path));
}

CsvTable CsvTable::parse(std::string_view text, std::string name) {
  CsvTable table;
  table.name = std::move(name);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // the byte order mark that spreadsheets write
  std::size_t at = 0;
  std::size_t line = 1;
  while (at < text.size()) {
    const std::size_t start_line = line;
    std::vector<std::string> fields(1);
    bool quoted_field = false;
    for (bool more = true; more && at < text.size();) {
      const char c = text[at++];
      if (c == '"' && fields.back().empty() && !quoted_field) {
        quoted_field = true;
        while (true) {
          if (at >= text.size()) fail(table.name, start_line, "a quotation mark is not closed");
          const char inside = text[at++];
          if (inside == '\n') ++line;
          if (inside != '"') {
            fields.back() += inside;
          } else if (at < text.size() && text[at] == '"') {
            fields.back() += text[at++];
          } else {
            break;
          }
        }
      } else if (c == ',') {
        fields.emplace_back();
        quoted_field = false;
      } else if (c == '\n') {
        ++line;
        more = false;
      } else if (c != '\r' || (at < text.size() && text[at] != '\n')) {
        fields.back() += c;
      }
    }
    if (fields.size() == 1 && fields[0].empty() && !quoted_field) continue;
    if (table.header.empty()) {
      table.header = std::move(fields);
      continue;
    }
    if (fields.size() != table.header.size()) {
      fail(table.name, start_line,
           std::to_string(fields.size()) + " fields where the header has " + std::to_string(table.header.size()));
    }
    table.rows.push_back(std::move(fields));
    table.lines.push_back(start_line);
  }
  if (table.header.empty()) throw FormatError(table.name + ": the table is empty; a header line is needed");
  return table;
}

bool CsvTable::has_column(std::string_view title) const {
  return std::find(header.begin(), header.end(), title) != header.end();
}

std::size_t CsvTable::column(std::string_view title) const {
  const auto found = std::find(header.begin(), header.end(), title);
  if (found == header.end()) throw FormatError(name + ": the header has no column '" + std::string(title) + "'");
  return static_cast<std::size_t>(found - header.begin());
}

double CsvTable::number(std::size_t row, std::size_t column) const {
  const std::string& field = rows.at(row).at(column);
  double value = 0;
  const char* end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value)) {
    fail(name, lines.at(row), "column '" + header.at(column) + "' holds '" + field.substr(0, 40) + "', not a number");
  }
  return value;
}

LandmarkTable read_landmarks(const std::filesystem::path& path) {
  const CsvTable table = CsvTable::open(path);
  const std::size_t file = table.column("file");
  std::array<std::size_t, 10> columns{};
  std::transform(kPointColumns.begin(), kPointColumns.end(), columns.begin(),
                 [&](const char* title) { return table.column(title); });
  LandmarkTable result;
  result.reserve(table.rows.size());
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    Landmarks points{};
    for (std::size_t i = 0; i < points.size(); ++i) points[i] = static_cast<float>(table.number(row, columns[i]));
    if (!result.emplace(table.rows[row][file], points).second) {
      fail(table.name, table.lines[row], "'" + table.rows[row][file] + "' appears a second time");
    }
  }
  return result;
}

std::string landmarks_header() {
  std::string text = "file";
  for (const char* title : kPointColumns) (text += ',') += title;
  return text;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace facenet
