// Lines of words, read from a file.
#include "eval/words.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/files.hpp"
#include "facenet/error.hpp"

namespace facenet {

WordReader::WordReader(const std::filesystem::path& file, std::string_view separators)
    : file_(file), blank_(" \t\r" + std::string(separators)) {
  const std::vector<std::uint8_t> bytes = read_file(file, std::uint64_t{1} << 30U);
  text_.assign(bytes.begin(), bytes.end());
}

void WordReader::fail(const std::string& why) const {
  throw FormatError(printable(file_) + ", line " + std::to_string(line_) + ": " + why);
}

std::vector<std::string> WordReader::words() {
  std::vector<std::string> fields;
  while (fields.empty() && !at_end()) {
    ++line_;
    const std::size_t end = std::min(text_.find('\n', position_), text_.size());
    std::string_view rest(text_.data() + position_, end - position_);
    position_ = end + 1;
    for (;;) {
      const std::size_t start = rest.find_first_not_of(blank_);
      if (start == std::string_view::npos) break;
      rest.remove_prefix(start);
      const std::size_t length = std::min(rest.find_first_of(blank_), rest.size());
      fields.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
  }
  return fields;
}

namespace {

template <typename T>
std::optional<T> number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int32_t> whole_number(std::string_view text) { return number<std::int32_t>(text); }

std::optional<float> decimal_number(std::string_view text) {
  const auto value = number<float>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace facenet
