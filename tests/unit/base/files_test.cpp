// Files: whole or not at all, and what the system may refuse.
#include "base/files.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include <facenet/error.hpp>

#include "catch.hpp"
#include "data.hpp"

namespace fs = std::filesystem;

namespace facenet {
namespace {

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// The words of the Error that `function` throws; empty when it throws nothing.
template <typename Kind, typename Function>
std::string words_of(Function&& function) {
  try {
    function();
  } catch (const Kind& error) {
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A disk of 64 KiB; needs root.
class SmallDisk {
 public:
  explicit SmallDisk(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directory(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount(folder_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("write_file makes a file and replaces one") {
  const test::ScratchFolder scratch;
  const auto path = scratch / "file.bin";
  write_file(path, std::string("a\0b", 3));
  CHECK(text_of(path) == std::string("a\0b", 3));
  write_file(path, "");
  CHECK(text_of(path).empty());
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"file.bin"});
}

TEST_CASE("a new file has the permissions that the user's mask allows") {
  const test::ScratchFolder scratch;
  const mode_t before = ::umask(027);
  write_file(scratch / "file", "x");
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat((scratch / "file").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0640U);
}

TEST_CASE("an AtomicFile that is not committed changes nothing and leaves nothing") {
  const test::ScratchFolder scratch;
  const auto path = scratch / "file";
  write_file(path, "before");
  {
    AtomicFile file(path);
    file.write(std::string(100000, 'x'));
    CHECK(text_of(path) == "before");
  }
  CHECK(text_of(path) == "before");
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("a full disk is an IoError, the former file stays and nothing is left beside it") {
  const test::ScratchFolder scratch;
  const SmallDisk disk(scratch / "disk");
  if (!disk.mounted()) {
    std::fprintf(stderr, "SKIPPED: needs root to mount a small tmpfs\n");
    return;
  }
  const auto path = scratch / "disk" / "file";
  write_file(path, "before");
  const auto words = words_of<IoError>([&] { write_file(path, std::string(1000000, 'x')); });
  CHECK(contains(words, path));
  CHECK(contains(words, "No space left on device"));
  CHECK(text_of(path) == "before");
  CHECK(names_in(scratch / "disk") == std::vector<std::string>{"file"});
}

TEST_CASE("a device that is full is an IoError") {
  CHECK(contains(words_of<IoError>([] { write_file("/dev/full", "x"); }), "No space left on device"));
}

TEST_CASE("where no file can be made, an IoError names the path") {
  const test::ScratchFolder scratch;
  write_file(scratch / "file", "x");
  fs::create_directory(scratch / "folder");
  for (const auto& path :
       {scratch / "missing" / "file", scratch / "file" / "below", scratch / "folder", fs::path("/proc/facenet-test")}) {
    CHECK(contains(words_of<IoError>([&] { write_file(path, "x"); }), path));
    CHECK(contains(words_of<IoError>([&] { require_writable(path); }), path));
  }
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"file", "folder"});
}

TEST_CASE("an unwritable folder is an IoError") {
  if (::geteuid() == 0) {
    std::fprintf(stderr, "SKIPPED: root may write into any folder; /proc stands for it in another test\n");
    return;
  }
  const test::ScratchFolder scratch;
  fs::create_directory(scratch / "closed");
  fs::permissions(scratch / "closed", fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(contains(words_of<IoError>([&] { write_file(scratch / "closed" / "file", "x"); }), "Permission denied"));
}

TEST_CASE("require_writable leaves things as they are") {
  const test::ScratchFolder scratch;
  require_writable(scratch / "new");
  CHECK(names_in(scratch.path()).empty());
  write_file(scratch / "old", "before");
  require_writable(scratch / "old");
  CHECK(text_of(scratch / "old") == "before");
}

TEST_CASE("writing through a symbolic link replaces what it names, and the link stays") {
  const test::ScratchFolder scratch;
  fs::create_directory(scratch / "folder");
  write_file(scratch / "folder" / "target", "before");
  fs::create_symlink("folder/target", scratch / "link");
  fs::create_symlink("folder/new", scratch / "dangling");
  write_file(scratch / "link", "after");
  write_file(scratch / "dangling", "made");
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(fs::is_symlink(scratch / "dangling"));
  CHECK(text_of(scratch / "folder" / "target") == "after");
  CHECK(text_of(scratch / "folder" / "new") == "made");
  CHECK(names_in(scratch / "folder") == std::vector<std::string>{"new", "target"});
}

TEST_CASE("links in a circle are an IoError") {
  const test::ScratchFolder scratch;
  fs::create_symlink("b", scratch / "a");
  fs::create_symlink("a", scratch / "b");
  CHECK(contains(words_of<IoError>([&] { write_file(scratch / "a", "x"); }), "Too many levels of symbolic links"));
  CHECK(fs::is_symlink(scratch / "a"));
  CHECK(fs::is_symlink(scratch / "b"));
}

TEST_CASE("a pipe is written and read directly") {
  const test::ScratchFolder scratch;
  const auto pipe = scratch / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string content(300000, 'p');  // more than a pipe holds
  std::vector<std::uint8_t> received;
  std::thread reader([&] { received = read_file(pipe); });
  write_file(pipe, content);
  reader.join();
  CHECK(std::string(received.begin(), received.end()) == content);
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"pipe"});
}

TEST_CASE("read_file gives all bytes, and none beyond the limit") {
  const test::ScratchFolder scratch;
  const std::string content(3 * 1024 * 1024 + 1, 'r');
  write_file(scratch / "file", content);
  const auto bytes = read_file(scratch / "file", content.size());
  CHECK(std::string(bytes.begin(), bytes.end()) == content);
  CHECK(contains(words_of<FormatError>([&] { read_file(scratch / "file", content.size() - 1); }), "is larger than"));
  CHECK(contains(words_of<FormatError>([] { read_file("/dev/zero", 1000); }), "/dev/zero"));
  write_file(scratch / "empty", "");
  CHECK(read_file(scratch / "empty").empty());
}

TEST_CASE("read_file says what is missing or a folder") {
  const test::ScratchFolder scratch;
  CHECK(contains(words_of<IoError>([&] { read_file(scratch / "missing"); }), "No such file or directory"));
  CHECK(contains(words_of<IoError>([&] { read_file(scratch.path()); }), "it is a folder"));
}

TEST_CASE("printable shows control bytes as escapes and leaves UTF-8 alone") {
  CHECK(printable("plain \xc3\xa4") == "plain \xc3\xa4");
  CHECK(printable("a\x1b[31m\nb\x7f") == "a\\x1b[31m\\x0ab\\x7f");
}

}  // namespace facenet
