// Runs the facenet program as a shell would, and keeps all that it says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "data.hpp"

namespace facenet::test {

struct ProgramResult {
  int status = -1;  ///< exit status; 128 + the signal that ended it
  std::string out;
  std::string err;

  /// Each line of standard output as a JSON object.
  std::vector<nlohmann::json> lines() const;
  nlohmann::json object() const { return nlohmann::json::parse(out); }
  bool says(const std::string& words) const { return err.find(words) != std::string::npos; }
};

struct ProgramCall {
  std::vector<std::string> arguments;
  std::string input{};  ///< on standard input
  std::map<std::string, std::string> environment{};
  /// Milliseconds after which SIGINT is sent; 0: never.
  int interrupt_after = 0;
  /// Asked every 10 ms; `signal` is sent once it is true (or after a minute).
  std::function<bool()> interrupt_when{};
  int signal = 2;     ///< SIGINT
  unsigned user = 0;  ///< run as this user, where it may; 0: as the test itself
  /// Standard error is a terminal of this many columns; 0: a file.
  unsigned short columns = 0;
};

ProgramResult run(const ProgramCall& call);
inline ProgramResult run(std::vector<std::string> arguments) { return run(ProgramCall{std::move(arguments)}); }

std::string content_of(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, const std::string& text);
std::vector<std::string> names_in(const std::filesystem::path& folder);

}  // namespace facenet::test
