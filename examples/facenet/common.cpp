// What every command of the program shares.
#include "common.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace facenet::program {

void add_model_option(CLI::App& app, Common& common) {
  app.add_option("-m,--model", common.model, "Model file (otherwise: $FACENET_MODEL)")->type_name("FILE");
}

void add_seed_option(CLI::App& app, Common& common) {
  app.add_option("--seed", common.seed, "Start of the random numbers (1)")->type_name("N");
}

void add_output_options(CLI::App& app, Common& common, const std::string& what, bool csv) {
  app.add_option("-o,--output", common.output, what)->type_name("FILE");
  app.add_flag("--json", common.json, csv ? "JSON Lines: an object for each answer" : "One JSON object");
  if (csv) app.add_flag("--csv", common.csv, "A header and rows");
}

std::string model_path(const Common& common) {
  if (!common.model.empty()) return common.model;
  if (const char* set = std::getenv("FACENET_MODEL"); set != nullptr && *set != '\0') return set;
  throw UsageError(
      "which model? Give -m FILE, or set FACENET_MODEL. To get one, train it on a folder of people: "
      "facenet train FOLDER -o face.fnm (or facenet init nn4 -o face.fnm for one that has learnt nothing yet)");
}

void require_arguments(const Common& common, std::size_t least, std::size_t most, const std::string& what) {
  const std::size_t count = common.arguments.size();
  if (count < least) throw UsageError("give " + what);
  if (count > most) {
    throw UsageError("one argument too many: '" + printable(common.arguments[most]) + "' (expected " + what + ")");
  }
}

void require_name(const std::string& option, const std::string& value, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), value) != names.end()) return;
  std::string text = option + " does not know '" + printable(value) + "'";
  if (const auto near = nearest_name(value, names); !near.empty()) text += "; did you mean '" + near + "'?";
  text += " It takes:";
  for (const auto& name : names) text += " " + name;
  throw UsageError(text);
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& names) {
  // Optimal string alignment: insertions, deletions, changes and exchanges of neighbours count one each.
  const auto distance = [&](std::string_view name) {
    std::vector<std::vector<std::size_t>> d(word.size() + 1, std::vector<std::size_t>(name.size() + 1));
    for (std::size_t i = 0; i <= word.size(); ++i) {
      for (std::size_t j = 0; j <= name.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (word[i - 1] == name[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1]) {
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[word.size()][name.size()];
  };
  if (word.size() > 64) return {};
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& name : names) {
    // A beginning that is long enough to mean one thing is near too: --land for --landmarks.
    const std::size_t edits = word.size() >= 4 && name.starts_with(word) ? 1 : distance(name);
    if (edits < least && edits < name.size()) {
      least = edits;
      best = name;
    }
  }
  return best;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::vector<std::int64_t> parse_counts(const std::string& option, const std::string& text) {
  std::vector<std::int64_t> counts;
  for (const auto& part : split(text, ',')) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), count);
    if (error != std::errc() || end != part.data() + part.size() || count < 1) {
      throw UsageError(option + " wants numbers from 1, like 1,32, not '" + printable(text) + "'");
    }
    counts.push_back(count);
  }
  return counts;
}

std::string quoted(const std::string& text) {
  if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=+,:@%") ==
      std::string::npos) {
    return text;
  }
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string for_terminal(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    result += (begin > 0 ? "\n" : "") + printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

namespace {

std::atomic<bool> progress_shown{false};

// Words go where a progress line stood; it comes again below them.
void clear_progress() {
  if (progress_shown.exchange(false)) std::fputs("\r\x1b[K", stderr);
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

void say(const Common& common, const std::string& text) {
  if (common.quiet) return;
  clear_progress();
  std::fprintf(stderr, "%s\n", for_terminal(text).c_str());
}

void tell(const Common& common, const std::string& text) {
  if (!common.verbose || common.quiet) return;
  clear_progress();
  std::fprintf(stderr, "%s\n", for_terminal(text).c_str());
}

void warn(const Common& common, const std::string& text) {
  if (common.quiet) return;
  clear_progress();
  std::fprintf(stderr, "facenet %s: warning: %s\n", common.command.c_str(), for_terminal(text).c_str());
}

int Failures::report(std::size_t total) const {
  if (list_.empty()) return kDone;
  std::fprintf(stderr, "%zu of %zu inputs failed:\n", list_.size(), total);
  for (const auto& [path, reason] : list_) {
    // The library's messages name the file already.
    const std::string name = printable(path);
    const std::string why = for_terminal(reason);
    const bool named = why.find(name) != std::string::npos;
    std::fprintf(stderr, "  %s%s%s\n", named ? "" : name.c_str(), named ? "" : ": ", why.c_str());
  }
  return list_.size() < total ? kSomeFailed : kFileFault;
}

Progress::Progress(const Common& common, std::string what)
    : active_(!common.quiet && ::isatty(STDERR_FILENO) == 1),
      what_(std::move(what)),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() { clear_progress(); }

void Progress::show(double share, const std::string& detail) {
  if (!active_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  share = std::clamp(share, 0.0, 1.0);
  constexpr int kWidth = 30;
  const int filled = static_cast<int>(share * kWidth);
  std::string bar = std::string(static_cast<std::size_t>(filled), '#');
  bar.resize(kWidth, '.');
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  std::array<char, 48> left{};
  if (elapsed > 2 && share > 0.01) {
    const auto seconds = static_cast<long>(elapsed * (1 - share) / share + 0.5);
    std::snprintf(left.data(), left.size(), "  %ld:%02ld left", seconds / 60, seconds % 60);
  }
  std::string percent = std::to_string(static_cast<int>(share * 100));
  percent.insert(0, 3 - percent.size(), ' ');
  std::string line = what_ + " [" + bar + "] " + percent + "%" + (detail.empty() ? "" : "  ") + detail + left.data();
  line.resize(std::min(line.size(), terminal_columns() - 1));  // a line that wraps could not be written over
  progress_shown = true;
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  std::fflush(stderr);
}

void Progress::show(std::size_t done, std::size_t total) {
  show(total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total),
       std::to_string(done) + " of " + std::to_string(total));
}

namespace {
std::stop_source& stop_source() {
  static auto* source = new std::stop_source;  // never destroyed: the waiting thread outlives main
  return *source;
}
}  // namespace

void catch_interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  stop_source();
  std::thread([signals] {
    int signal = 0;
    sigwait(&signals, &signal);
    stop_source().request_stop();
    sigwait(&signals, &signal);
    ::_exit(kInterrupted);
  }).detach();
}

std::stop_token interrupted() { return stop_source().get_token(); }

}  // namespace facenet::program
