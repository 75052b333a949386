// Lists of pairs from files: LFW's pairs.txt and CSV; and the folds that a user names.
#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "data/csv.hpp"
#include "eval/words.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"
#include "facenet/files.hpp"

namespace facenet {
namespace {

constexpr std::int32_t kMostFolds = 10'000;

std::int32_t count(const WordReader& reader, std::string_view text, const char* what) {
  const auto value = whole_number(text);
  if (!value || *value < 1) reader.fail("'" + printable(std::string(text)) + "' is not " + what);
  return *value;
}

std::string lfw_image(const WordReader& reader, const std::string& name, const std::string& number,
                      std::string_view extension) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "_%04d", count(reader, number, "the number of an image"));
  return name + "/" + name + digits.data() + std::string(extension);
}

}  // namespace

PairList read_lfw_pairs(const std::filesystem::path& file, std::string_view extension) {
  WordReader reader(file);
  const auto header = reader.words();
  if (header.empty() || header.size() > 2) reader.fail("not LFW's header: folds and pairs, or pairs alone");
  PairList list;
  if (header.size() == 2) list.folds = count(reader, header[0], "a number of folds");
  if (list.folds > kMostFolds) reader.fail(header[0] + " folds are not plausible");
  const std::int32_t each = count(reader, header.back(), "a number of pairs");
  for (std::int32_t fold = 1; fold <= list.folds; ++fold) {
    for (const bool same : {true, false}) {
      for (std::int32_t i = 0; i < each; ++i) {
        const auto words = reader.words();
        const std::size_t expected = same ? 3 : 4;
        if (words.size() != expected) {
          const std::string kind = same ? "'name i j'" : "'name1 i name2 j'";
          reader.fail((words.empty() ? "the file ends where " : "expected ") + kind + " of fold " +
                      std::to_string(fold) + (words.empty() ? " is expected" : ""));
        }
        list.pairs.push_back({lfw_image(reader, words[0], words[1], extension),
                              lfw_image(reader, words[same ? 0 : 2], words[same ? 2 : 3], extension),
                              same,
                              fold,
                              {}});
      }
    }
  }
  if (!reader.words().empty()) reader.fail("more lines than the header says");
  return list;
}

PairList read_pairs_csv(const std::filesystem::path& file) {
  CsvTable table = CsvTable::open(file);
  const std::size_t a = table.column("file_a");
  const std::size_t b = table.column("file_b");
  const std::size_t same = table.column("same");
  const bool has_folds = table.has_column("fold");
  const std::size_t fold = has_folds ? table.column("fold") : table.header.size();
  const auto is_extra = [&](std::size_t c) { return c != a && c != b && c != same && c != fold; };
  PairList list;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (is_extra(c)) list.extra_columns.push_back(table.header[c]);
  }
  constexpr std::int32_t kDealt = 10;
  std::array<std::int32_t, 2> dealt{};
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    auto& fields = table.rows[row];
    const auto fail = [&](const char* why) {
      throw FormatError(table.name + ", line " + std::to_string(table.lines[row]) + ": " + why);
    };
    FacePair pair;
    const std::string& truth = fields[same];
    pair.same = truth == "1" || truth == "true";
    if (!pair.same && truth != "0" && truth != "false") fail("same must be 1 or 0");
    if (has_folds) {
      const auto number = whole_number(fields[fold]);
      if (!number || *number < 1) fail("fold must be a whole number from 1");
      pair.fold = number.value_or(1);
    } else {
      pair.fold = dealt[pair.same ? 1 : 0]++ % kDealt + 1;
    }
    list.folds = std::max(list.folds, pair.fold);
    for (std::size_t c = 0; c < fields.size(); ++c) {
      if (is_extra(c)) pair.extra.push_back(std::move(fields[c]));
    }
    pair.a = std::move(fields[a]);
    pair.b = std::move(fields[b]);
    list.pairs.push_back(std::move(pair));
  }
  return list;
}

std::vector<std::int32_t> parse_folds(std::string_view text, std::int32_t folds) {
  const auto fail = [&] {
    throw InvalidArgument("folds '" + std::string(text) + "': write numbers and ranges from 1 to " +
                          std::to_string(folds) + ", such as 1-8 or 1,3");
  };
  std::set<std::int32_t> chosen;
  std::string_view rest = text;
  for (;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = whole_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : whole_number(part.substr(dash + 1));
    if (!first || !last || *first < 1 || *last > folds || *first > *last) fail();
    for (std::int32_t fold = *first; fold <= *last; ++fold) chosen.insert(fold);
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace facenet
