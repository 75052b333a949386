// CSV tables (RFC 4180) and the landmarks file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <facenet/image.hpp>

namespace facenet {

/// A header and rows of as many fields each; quoted fields may hold commas, quotes and line ends. Blank lines are
/// skipped.
struct CsvTable {
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

/// Five points for each file, by its path as the table writes it (relative to the folder of images, '/' between).
using LandmarkTable = std::unordered_map<std::string, Landmarks>;

/// Reads columns file, left_eye_x, left_eye_y, right_eye_x, ... nose, mouth_left, mouth_right, in any order; others are
/// passed over. IoError; FormatError that names file and line, also when a file appears twice.
LandmarkTable read_landmarks(const std::filesystem::path& path);
/// The header line that read_landmarks understands.
std::string landmarks_header();
/// One field, quoted where needed.
std::string csv_field(std::string_view text);

}  // namespace facenet
