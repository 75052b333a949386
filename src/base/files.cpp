// Bounded reads, atomic writes.
#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <facenet/error.hpp>

#include "base/random.hpp"

namespace facenet {
namespace {

[[noreturn]] void io_error(const std::string& what, const std::filesystem::path& path) {
  throw IoError(what + " '" + printable(path) + "': " + std::strerror(errno));
}

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

std::string printable(const std::filesystem::path& path) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char c : path.native()) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text += "\\x";
      text += kHex[byte >> 4U];
      text += kHex[byte & 15U];
    } else {
      text += c;
    }
  }
  return text;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) io_error("cannot open", path);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) io_error("cannot read", path);
  if (S_ISDIR(status.st_mode)) throw IoError("cannot read '" + printable(path) + "': it is a folder, not a file");
  // Read until the end rather than trusting the size: a pipe has none, and a file may grow or shrink meanwhile.
  constexpr std::uint64_t kStep = std::uint64_t{1} << 16U;
  const auto promised = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  std::vector<std::uint8_t> bytes(std::min(promised > 0 ? promised : kStep, limit) + 1);  // one more shows the end
  std::size_t used = 0;
  while (true) {
    const ssize_t count = ::read(file.value, bytes.data() + used, bytes.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) io_error("cannot read", path);
    used += static_cast<std::size_t>(count);
    if (used > limit) {
      throw FormatError("'" + printable(path) + "' is larger than the " + std::to_string(limit) +
                        " bytes that such a file may have");
    }
    if (count == 0) break;
    if (used == bytes.size()) bytes.resize(std::min(bytes.size() * 2 + kStep, limit + 1));
  }
  bytes.resize(used);
  return bytes;
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  struct stat status {};
  direct_ = ::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  if (direct_) {
    if (S_ISDIR(status.st_mode)) throw IoError("cannot write '" + printable(path_) + "': it is a folder");
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) io_error("cannot write", path_);
    return;
  }
  // A link stays a link: the file it names, which need not exist yet, is replaced.
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(path_, error); ++links) {
    if (links == 40) {
      errno = ELOOP;
      io_error("cannot write", path_);
    }
    const auto target = std::filesystem::read_symlink(path_, error);
    if (error) break;
    path_ = path_.parent_path() / target;  // an absolute target replaces all before it
  }
  const mode_t mode = ::stat(path_.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  // A name of our own and the kernel's umask: asking for the umask would change it for the whole process.
  static std::atomic<std::uint64_t> count{0};
  do {
    const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    const std::uint64_t name = mix(now ^ mix(static_cast<std::uint64_t>(::getpid()) ^ mix(++count)));
    temporary_ = path_.native() + "." + std::to_string(name) + ".tmp";
    descriptor_ = ::open(temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    temporary_.clear();
    io_error("cannot write", path_);
  }
  if (mode != 0) ::fchmod(descriptor_, mode);  // what was private stays private
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) io_error("cannot write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void AtomicFile::commit() {
  if (!direct_) {
    if (::fsync(descriptor_) != 0) io_error("cannot write", path_);
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) io_error("cannot write", path_);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) io_error("cannot write", path_);
    temporary_.clear();
    // The rename itself must survive a power cut: flush the folder too.
    const auto parent = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    const Descriptor folder{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder.value >= 0) ::fsync(folder.value);
    return;
  }
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) io_error("cannot write", path_);
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void require_writable(const std::filesystem::path& path) { const AtomicFile probe(path); }

}  // namespace facenet
