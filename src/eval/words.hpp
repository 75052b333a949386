// Lists of tests as others publish them: lines of words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace facenet {

/// The lines of a text file as words, from file to place for the messages.
class WordReader {
 public:
  /// IoError; FormatError for more than a gigabyte. `separators` beside blanks divide words too.
  explicit WordReader(const std::filesystem::path& file, std::string_view separators = "");

  bool at_end() const { return position_ >= text_.size(); }
  /// FormatError that names file and line.
  [[noreturn]] void fail(const std::string& why) const;

  /// The fields of the next line that is not blank; empty at the end of the file.
  std::vector<std::string> words();

 private:
  std::filesystem::path file_;
  std::string blank_;
  std::string text_;
  std::size_t position_ = 0;
  std::size_t line_ = 0;
};

/// A whole number that fills the text; nothing otherwise.
std::optional<std::int32_t> whole_number(std::string_view text);
/// A finite number that fills the text; nothing otherwise.
std::optional<float> decimal_number(std::string_view text);

}  // namespace facenet
