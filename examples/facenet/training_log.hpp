// The log of a training: a line of JSON for each step.
#pragma once

#include <cstdint>
#include <cstdio>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include <facenet/evaluation.hpp>
#include <facenet/train/training.hpp>

namespace facenet::program {

/// Of a log, the lines of the steps up to this one; what is no such line is left out.
std::string lines_until(std::istream& log, std::int64_t steps);

/// After a resume the lines of steps that the checkpoint does not hold are taken again.
class TrainingLog {
 public:
  /// Without a path nothing is written.
  TrainingLog(const std::string& path, std::int64_t keep_steps);
  /// `test`: what a test after this step has found. False when the line could not be written.
  bool write(const TrainingStep& step, const std::optional<Verification>& test);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace facenet::program
