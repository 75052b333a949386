// What a command gives: text, JSON or CSV, to standard output or whole into a file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common.hpp"

namespace facenet::program {

using Json = nlohmann::ordered_json;  // keys stay as the command names them

/// The shortest number that reads back to the same float.
Json number(float value);
Json numbers(std::span<const float> values);
std::string text_of(float value);
std::string text_of(double value);
/// With `digits` after the point, for people.
std::string fixed(double value, int digits);
/// 0.9812 as "98.12 %", for people.
std::string percent(double share, int digits = 2);
/// 1234567 as "1,234,567".
std::string grouped(std::int64_t value);

/// Strings may hold bytes that are no UTF-8 (file names): JSON cannot say them, and U+FFFD stands for each. CSV keeps
/// them.
std::string dump(const Json& value);
/// Text that anybody may have written: discarded (no object, array or value) where it is no JSON or nests deeper than
/// 32: what copies, writes or compares values takes stack for each level.
Json parsed(const std::string& text);
std::string csv_row(const std::vector<std::string>& fields);

/// Aligned columns for people. The first `left` columns are words and stand at the left, the others at the right.
std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  std::size_t left = 1);

enum class Kind { text, json, json_lines, csv, npy, npz, html };

/// Standard output, or a file that is there whole or not at all. Several objects make an array in a .json file.
class Output {
 public:
  /// The kind comes from --json and --csv, or the file's ending. UsageError for an ending or option that is none of
  /// `kinds`; IoError at once when the file could not be written. A file without a known ending is text, if allowed.
  Output(const Common& common, std::vector<Kind> kinds);

  Kind kind() const { return kind_; }
  bool json() const { return kind_ == Kind::json || kind_ == Kind::json_lines; }
  bool csv() const { return kind_ == Kind::csv; }
  bool text() const { return kind_ == Kind::text; }
  const std::string& file() const { return file_; }

  void write(std::string_view text);
  void object(Json value);
  void row(const std::vector<std::string>& fields) { write(csv_row(fields)); }
  /// Says that there is exactly one object, not a list.
  void single() { single_ = true; }
  /// To be called at the end: puts the file in its place. IoError when something could not be written.
  void finish();

 private:
  std::string file_;
  Kind kind_ = Kind::text;
  bool single_ = false;
  std::string content_;
  std::vector<Json> objects_;
};

/// The kind that a file's ending says; nothing for another ending.
bool kind_of_file(const std::string& file, Kind& kind);

}  // namespace facenet::program
