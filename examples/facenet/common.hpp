// What every command of the program shares: common options, exit status, messages, progress, interruption.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace facenet::program {

enum ExitCode { kDone = 0, kOurFault = 1, kWrongUsage = 2, kSomeFailed = 3, kFileFault = 4, kInterrupted = 130 };

/// The command line cannot be meant like this: exit status 2, with a pointer to --help.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Options that more than one command has. A command adds those it takes.
struct Common {
  std::string command;
  std::vector<std::string> arguments;  ///< what is no option, in order
  int threads = 0;                     ///< after parsing at least 1
  bool quiet = false;
  bool verbose = false;
  std::string model;
  std::uint64_t seed = 1;
  std::string output;
  bool json = false;
  bool csv = false;
  std::string command_line;  ///< as a shell would take it again
};

void add_model_option(CLI::App& app, Common& common);
void add_seed_option(CLI::App& app, Common& common);
/// -o, --json and, where there are rows to give, --csv.
void add_output_options(CLI::App& app, Common& common, const std::string& what, bool csv = true);

/// --model, else $FACENET_MODEL, else a UsageError that says how to get one.
std::string model_path(const Common& common);

/// UsageError unless there are `least` to `most` arguments; `what` names them.
void require_arguments(const Common& common, std::size_t least, std::size_t most, const std::string& what);

/// One of `names`, else a UsageError that suggests the nearest.
void require_name(const std::string& option, const std::string& value, const std::vector<std::string>& names);

/// The name nearest to `word` by edits, empty when none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

/// "1,32" as positive whole numbers, "f32,bf16" as words. UsageError names the option.
std::vector<std::int64_t> parse_counts(const std::string& option, const std::string& text);
/// In single quotes where a shell would take a character for something else.
std::string quoted(const std::string& text);
std::vector<std::string> split(const std::string& text, char separator);

/// Text that may hold what a file says: control bytes escaped but for line ends, so that no file drives a terminal.
std::string for_terminal(const std::string& text);

// Words for people, on standard error.
void say(const Common& common, const std::string& text);   ///< not with --quiet
void tell(const Common& common, const std::string& text);  ///< with --verbose only
void warn(const Common& common, const std::string& text);  ///< not with --quiet

/// Inputs that could not be used, with reasons; listed at the end.
class Failures {
 public:
  void add(const std::filesystem::path& path, const std::string& reason) { list_.emplace_back(path, reason); }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  /// Lists them on standard error. The exit status of a command that had `total` inputs: 0; 3; 4 when all failed.
  int report(std::size_t total) const;

 private:
  std::vector<std::pair<std::filesystem::path, std::string>> list_;
};

/// A line that shows how far something is, with the time left; on a terminal only, and not with --quiet. It is gone
/// when the object is.
class Progress {
 public:
  Progress(const Common& common, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(double share, const std::string& detail = {});
  void show(std::size_t done, std::size_t total);

 private:
  bool active_;
  std::string what_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_{};
};

/// Starts the thread that waits for Ctrl-C (and SIGTERM); to be called before any other thread exists.
void catch_interrupts();
/// Asked to stop when Ctrl-C has come. A second Ctrl-C ends the program at once.
std::stop_token interrupted();

}  // namespace facenet::program
