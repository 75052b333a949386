// What a command gives: text, JSON or CSV, to standard output or whole into a file.
#include "output.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <utility>

#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace facenet::program {
namespace {

constexpr std::array<std::pair<std::string_view, Kind>, 7> kEndings{{{".json", Kind::json},
                                                                     {".jsonl", Kind::json_lines},
                                                                     {".csv", Kind::csv},
                                                                     {".npy", Kind::npy},
                                                                     {".npz", Kind::npz},
                                                                     {".html", Kind::html},
                                                                     {".txt", Kind::text}}};

template <typename Number>
std::string shortest(Number value) {
  std::array<char, 64> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

void write_standard(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    throw IoError(std::string("cannot write to standard output: ") + std::strerror(errno));
  }
}

// Characters as a terminal counts them: UTF-8's continuation bytes take no column.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string text_of(float value) { return shortest(value); }
std::string text_of(double value) { return shortest(value); }

Json number(float value) {
  if (!std::isfinite(value)) return nullptr;
  const std::string text = shortest(value);
  double read = 0;
  std::from_chars(text.data(), text.data() + text.size(), read);
  return static_cast<float>(read) == value ? read : static_cast<double>(value);
}

Json numbers(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(number(value));
  return list;
}

std::string fixed(double value, int digits) {
  std::array<char, 400> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string percent(double share, int digits) { return fixed(share * 100, digits) + " %"; }

std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json parsed(const std::string& text) {
  struct TooDeep {};
  try {
    return Json::parse(
        text,
        [](int depth, Json::parse_event_t, const Json&) {
          if (depth > 32) throw TooDeep();
          return true;
        },
        false);
  } catch (const TooDeep&) {
    return Json::value_t::discarded;
  }
}

std::string csv_row(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + csv_field(fields[i]);
  return line + "\n";
}

std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  std::size_t left) {
  std::vector<std::size_t> widths(header.size());
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  };
  measure(header);
  for (const auto& row : rows) measure(row);
  std::string text;
  const auto line = [&](const std::vector<std::string>& row) {
    std::string out;
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      out += (i == 0 ? "" : "  ") + (i < left ? row[i] + space : space + row[i]);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  line(header);
  for (const auto& row : rows) line(row);
  return text;
}

bool kind_of_file(const std::string& file, Kind& kind) {
  for (const auto& [ending, value] : kEndings) {
    if (file.size() > ending.size() && std::string_view(file).ends_with(ending)) {
      kind = value;
      return true;
    }
  }
  return false;
}

Output::Output(const Common& common, std::vector<Kind> kinds) : file_(common.output) {
  const auto allowed = [&](Kind kind) {
    // What can be given as lines of JSON can be given as one document too.
    if (kind == Kind::json_lines) kind = Kind::json;
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  if (common.json && common.csv) throw UsageError("--json or --csv, not both");
  const bool asked = common.json || common.csv;
  const bool known = !file_.empty() && kind_of_file(file_, kind_);
  if (asked) {
    const Kind kind = common.csv ? Kind::csv : Kind::json_lines;
    if (!allowed(kind)) {
      throw UsageError(std::string(common.csv ? "--csv" : "--json") + " is not what this command can give");
    }
    const bool agrees = !known || kind_ == kind || (kind == Kind::json_lines && kind_ == Kind::json);
    if (!agrees) {
      throw UsageError("the ending of '" + printable(file_) + "' says one kind of file, the option another");
    }
    if (!known || file_.empty()) kind_ = kind;
  } else if (!file_.empty() && (!known || !allowed(kind_))) {
    std::string text =
        "'" + printable(file_) + "': the ending says what kind of file it is to be, and this command gives";
    for (const auto& [ending, kind] : kEndings) {
      if (allowed(kind)) text += " " + std::string(ending);
    }
    throw UsageError(text);
  }
  if (!file_.empty()) require_writable(file_);
}

void Output::write(std::string_view text) {
  if (file_.empty()) {
    write_standard(text);
  } else {
    content_ += text;
  }
}

void Output::object(Json value) {
  if (kind_ == Kind::json && !file_.empty()) {
    objects_.push_back(std::move(value));
  } else {
    write(dump(value) + "\n");
  }
}

void Output::finish() {
  if (file_.empty()) {
    if (std::fflush(stdout) != 0) {
      throw IoError(std::string("cannot write to standard output: ") + std::strerror(errno));
    }
    return;
  }
  if (kind_ == Kind::json) {
    if (single_ && objects_.size() == 1) {
      content_ = dump(objects_.front()) + "\n";
    } else {
      content_ = "[";
      for (std::size_t i = 0; i < objects_.size(); ++i) content_ += (i == 0 ? "\n" : ",\n") + dump(objects_[i]);
      content_ += "\n]\n";
    }
  }
  write_file(file_, content_);
}

}  // namespace facenet::program
