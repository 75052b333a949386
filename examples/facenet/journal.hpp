// What a long command has found out so far, kept beside its output: interrupted, the same command goes on from there.
#pragma once

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "output.hpp"

namespace facenet::program {

/// A file OUTPUT.partial of JSON Lines: what all results were made with, then one for each photograph. It is there from
/// the first part of the work until the output is written. A photograph is known by path, size and time of change.
/// `find` may be called by several threads at once, the rest by one.
class Journal {
 public:
  /// Without an output file nothing is kept.
  Journal(const Common& common, const std::string& output);
  ~Journal() = default;

  /// Takes over what an interrupted command has left, if that was `made_with` the same; says so.
  void open(const Json& made_with);
  /// What is known of a photograph that has not changed since.
  std::optional<Json> find(const Input& input) const;
  void add(const Input& input, const Json& result);
  /// Puts what was added into the file.
  void keep();
  /// The output is written: the file goes.
  void finish();
  /// The words of an interrupted command: what is kept, and the command that goes on.
  std::string stopped() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  const Common& common_;
  std::string path_;
  std::string header_;
  std::map<std::string, std::string> known_;  // from a photograph's key to its line
  std::string pending_;
  std::size_t kept_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
};

/// Path, size and time of change of a file, to tell whether it is still the same one.
Json identity_of(const std::filesystem::path& path);

}  // namespace facenet::program
