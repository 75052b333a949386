// The groups of pairs, and their table.
#include "eval_groups.hpp"

#include <algorithm>

#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace facenet::program {
namespace {

std::string rate_text(const Rate& rate, int digits) {
  if (rate.pairs == 0) return "-";
  return percent(rate.value, digits) + " (" + fixed(100 * rate.low, digits) + " to " + fixed(100 * rate.high, digits) +
         ")";
}

Json rate_json(const Rate& rate) {
  if (rate.pairs == 0) return {};
  return {{"rate", rate.value}, {"low", rate.low}, {"high", rate.high}, {"pairs", rate.pairs}};
}

}  // namespace

void add_group_options(CLI::App& app, GroupOptions& options) {
  app.add_option("--group-by", options.column,
                 "Results for each value of this column too: of --pairs, of --attributes or of --landmarks")
      ->type_name("COLUMN");
  app.add_option("--attributes", options.attributes,
                 "CSV of what is known of people (column 'person', the name of the folder) or files (column 'file')")
      ->type_name("FILE");
}

Groups::Groups(const GroupOptions& options, const Test& test) : test_(test) {
  std::vector<std::string> columns;
  if (test.list) {
    columns = test.list->extra_columns;
    const auto found = std::find(columns.begin(), columns.end(), options.column);
    if (found != columns.end()) {
      column_ = static_cast<std::size_t>(found - columns.begin());
      return;
    }
  }
  const std::string file = options.attributes.empty() ? test.landmarks : options.attributes;
  if (file.empty()) {
    require_name("--group-by", options.column, columns);
    return;
  }
  const CsvTable table = CsvTable::open(file);
  by_person_ = table.has_column("person");
  const std::size_t key = table.column(by_person_ ? "person" : "file");
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    if (i != key) columns.push_back(table.header[i]);
  }
  require_name("--group-by", options.column, columns);
  const std::size_t value = table.column(options.column);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& row = table.rows[i];
    if (values_.emplace(row[key], row[value]).second) continue;
    throw FormatError(table.name + ", line " + std::to_string(table.lines[i]) + ": '" + printable(row[key]) +
                      "' comes twice");
  }
}

std::vector<std::string> Groups::of(const Scored& scored) const {
  std::vector<std::string> groups;
  for (const std::size_t number : scored.numbers) {
    if (column_) {
      groups.push_back(test_.list->pairs[number].extra[*column_]);
      continue;
    }
    const PairNames pair = names_of_pair(test_, number);
    const auto& sides = by_person_ ? pair.people : pair.names;
    const auto a = values_.find(sides[0]);
    const auto b = values_.find(sides[1]);
    if (a == values_.end() || b == values_.end()) {
      groups.emplace_back("(unknown)");
    } else {
      groups.push_back(a->second == b->second ? a->second : "(mixed)");
    }
  }
  return groups;
}

std::vector<std::string> group_columns() {
  return {"group", "pairs", "same", "people", "accuracy (95 % interval)", "false accepts", "false rejects", "AUC"};
}

std::vector<std::vector<std::string>> group_rows(const std::vector<GroupResult>& groups) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& group : groups) {
    rows.push_back({printable(group.group), grouped(group.pairs), grouped(group.same_pairs),
                    group.people > 0 ? grouped(group.people) : "-", rate_text(group.accuracy, 2),
                    rate_text(group.false_accepts, 2), rate_text(group.false_rejects, 2),
                    group.auc ? fixed(*group.auc, 4) : "-"});
  }
  return rows;
}

Json groups_json(const std::vector<GroupResult>& groups) {
  Json json = Json::array();
  for (const auto& group : groups) {
    json.push_back({{"group", group.group},
                    {"pairs", group.pairs},
                    {"same_pairs", group.same_pairs},
                    {"people", group.people > 0 ? Json(group.people) : Json()},
                    {"accuracy", group.accuracy.value},
                    {"accuracy_low", group.accuracy.low},
                    {"accuracy_high", group.accuracy.high},
                    {"false_accepts", rate_json(group.false_accepts)},
                    {"false_rejects", rate_json(group.false_rejects)},
                    {"auc", group.auc ? Json(*group.auc) : Json()}});
  }
  return json;
}

}  // namespace facenet::program
