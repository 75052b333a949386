// Runs the facenet program as a shell would.
#include "program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace fs = std::filesystem;

namespace facenet::test {

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<nlohmann::json> ProgramResult::lines() const {
  std::vector<nlohmann::json> objects;
  std::istringstream text(out);
  for (std::string line; std::getline(text, line);) objects.push_back(nlohmann::json::parse(line));
  return objects;
}

ProgramResult run(const ProgramCall& call) {
  const char* program = std::getenv("FACENET_PROGRAM");
  if (program == nullptr || *program == '\0') throw std::runtime_error("set FACENET_PROGRAM to the program's path");
  const ScratchFolder scratch;
  write_text(scratch / "in", call.input);
  std::vector<std::string> words{program};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string in = scratch / "in";
  const std::string out = scratch / "out";
  const std::string err = scratch / "err";

  int terminal = -1;
  std::string terminal_name;
  if (call.columns > 0) {
    terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0) throw std::runtime_error("no terminal");
    terminal_name = ::ptsname(terminal);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = call.columns;
    ::ioctl(terminal, TIOCSWINSZ, &size);
  }

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    const auto open_as = [](const std::string& path, int flags, int number) {
      const int file = ::open(path.c_str(), flags, 0600);
      if (file < 0 || ::dup2(file, number) < 0) ::_exit(127);
    };
    open_as(in, O_RDONLY, 0);
    open_as(out, O_WRONLY | O_CREAT, 1);
    if (call.columns > 0) {
      open_as(terminal_name, O_RDWR | O_NOCTTY, 2);
    } else {
      open_as(err, O_WRONLY | O_CREAT, 2);
    }
    ::unsetenv("FACENET_MODEL");
    for (const auto& [name, value] : call.environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (call.user != 0 && ::setuid(call.user) != 0) ::_exit(127);
    ::execv(program, argv.data());
    ::_exit(127);
  }
  if (call.interrupt_after > 0) {
    ::usleep(static_cast<useconds_t>(call.interrupt_after) * 1000);
    ::kill(child, SIGINT);
  }
  if (call.interrupt_when) {
    int ended = 0;
    for (int i = 0; i < 6000 && !call.interrupt_when(); ++i) {  // a minute at most
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child) {
        ended = 1;
        break;
      }
      ::usleep(10000);
    }
    if (ended == 0) ::kill(child, call.signal);
  }
  std::string shown;  // read while the program runs: a terminal holds little
  for (char part[256]; terminal >= 0;) {
    const ssize_t count = ::read(terminal, part, sizeof part);
    if (count > 0) {
      shown.append(part, static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {  // EIO: the program has closed it
      ::close(terminal);
      terminal = -1;
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ProgramResult result;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = content_of(out);
  result.err = call.columns > 0 ? shown : content_of(err);
  return result;
}

}  // namespace facenet::test
