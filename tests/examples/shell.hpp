// Runs a command line, and keeps all that it says.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace facenet::test {

struct ShellResult {
  int status = -1;
  std::string output;  ///< standard output and standard error

  bool says(const std::string& words) const { return output.find(words) != std::string::npos; }
};

/// In one pair of single quotation marks, for a shell.
inline std::string quoted(const std::filesystem::path& path) {
  std::string text = "'";
  for (const char c : path.native()) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

inline ShellResult shell(const std::string& command) {
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run a shell");
  ShellResult result;
  std::array<char, 4096> part{};
  for (std::size_t count = 0; (count = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    result.output.append(part.data(), count);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

/// The value of an environment variable that the build sets for this test.
inline std::string required(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') throw std::runtime_error(std::string("set ") + variable);
  return value;
}

}  // namespace facenet::test
