// The file of what is known so far.
#include "journal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/version.hpp>

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

// JSON holds no bytes that are no UTF-8; paths may.
std::string escaped(const std::string& path) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return text;
}

std::string key_of(const Input& input) { return dump(identity_of(input.path)); }

}  // namespace

Json identity_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto time = error ? fs::file_time_type() : fs::last_write_time(path, error);
  return Json::array({escaped(path.string()), error ? 0 : size, time.time_since_epoch().count()});
}

Journal::Journal(const Common& common, const std::string& output)
    : common_(common), path_(output.empty() || !fs::path(output).has_filename() ? "" : output + ".partial") {
  std::error_code ignored;
  // Beside a device or pipe there is nothing to be kept.
  if (!path_.empty() && fs::exists(output, ignored) && !fs::is_regular_file(output, ignored)) path_.clear();
}

void Journal::open(const Json& made_with) {
  if (path_.empty()) return;
  header_ = dump({{"facenet", version()}, {"command", common_.command}, {"made_with", made_with}});
  std::ifstream file(path_, std::ios::binary);
  std::string line;
  if (!file || !std::getline(file, line)) return;
  if (line != header_) {
    say(common_, "'" + printable(path_) + "' is of a command with another model or other options: it begins anew");
    return;
  }
  while (std::getline(file, line) && !file.eof()) {  // a last line without its end was being written
    const Json entry = parsed(line);
    if (!entry.is_object() || !entry.contains("file") || !entry.contains("result")) break;
    known_[dump(entry["file"])] = line;
  }
  if (known_.empty()) return;
  say(common_, "going on with what '" + printable(path_) +
                   "' holds: " + grouped(static_cast<std::int64_t>(known_.size())) + " photographs");
}

std::optional<Json> Journal::find(const Input& input) const {
  if (known_.empty()) return std::nullopt;
  const auto found = known_.find(key_of(input));
  if (found == known_.end()) return std::nullopt;
  return Json::parse(found->second)["result"];
}

void Journal::add(const Input& input, const Json& result) {
  if (path_.empty()) return;
  pending_ += dump({{"file", identity_of(input.path)}, {"result", result}}) + "\n";
  ++kept_;
}

void Journal::keep() {
  if (path_.empty() || (file_ && pending_.empty())) return;
  if (!file_) {
    std::string content = header_ + "\n";
    for (const auto& [key, line] : known_) content += line + "\n";
    write_file(path_, content);
    file_.reset(std::fopen(path_.c_str(), "ab"));
  }
  const bool written = file_ && std::fwrite(pending_.data(), 1, pending_.size(), file_.get()) == pending_.size() &&
                       std::fflush(file_.get()) == 0;
  if (!written) throw IoError("cannot write '" + printable(path_) + "': " + std::strerror(errno));
  pending_.clear();
}

void Journal::finish() {
  if (path_.empty()) return;
  file_.reset();
  std::error_code ignored;
  fs::remove(path_, ignored);
}

std::string Journal::stopped() const {
  if (path_.empty() || (!file_ && known_.empty())) return "interrupted; nothing was written";
  const bool listed = std::find(common_.arguments.begin(), common_.arguments.end(), "-") != common_.arguments.end();
  return "interrupted; " + grouped(static_cast<std::int64_t>(known_.size() + kept_)) + " photographs are kept in '" +
         printable(path_) + "'. This goes on" + (listed ? ", with the same list on standard input" : "") + ":\n  " +
         common_.command_line;
}

}  // namespace facenet::program
