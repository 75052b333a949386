// facenet eval --group-by: results for each value of a column.
#pragma once

#include <string>
#include <vector>

#include "eval_test.hpp"
#include "output.hpp"

namespace facenet::program {

struct GroupOptions {
  std::string column;
  std::string attributes;
};

void add_group_options(CLI::App& app, GroupOptions& options);

/// Where the column comes from: the list of pairs, or a table of people or files, each pair then being of the value
/// that both sides have, "(mixed)" or "(unknown)".
class Groups {
 public:
  /// UsageError when there is no such column: the message names those that there are.
  Groups(const GroupOptions& options, const Test& test);
  /// The group of each pair.
  std::vector<std::string> of(const Scored& scored) const;

 private:
  const Test& test_;
  std::optional<std::size_t> column_{};  ///< of the list
  bool by_person_ = false;
  std::unordered_map<std::string, std::string> values_;
};

std::vector<std::string> group_columns();
std::vector<std::vector<std::string>> group_rows(const std::vector<GroupResult>& groups);
Json groups_json(const std::vector<GroupResult>& groups);

}  // namespace facenet::program
