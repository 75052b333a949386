// CSV tables (RFC 4180).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <facenet/export.hpp>

namespace facenet {

/// A header and rows of as many fields each; quoted fields may hold commas, quotes and line ends. Blank lines are
/// skipped. A plain value.
struct FACENET_API CsvTable {
  std::string name;  ///< the file, for messages
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> lines;  ///< where each row starts in the file, from 1

  /// IoError, or FormatError that names file and line.
  static CsvTable open(const std::filesystem::path& path);
  static CsvTable parse(std::string_view text, std::string name);

  bool has_column(std::string_view title) const;
  /// FormatError when there is no such column.
  std::size_t column(std::string_view title) const;
  /// A finite number. FormatError that names file, line and column otherwise.
  double number(std::size_t row, std::size_t column) const;
};

/// One field, quoted where needed.
FACENET_API std::string csv_field(std::string_view text);

}  // namespace facenet
