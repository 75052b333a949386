// Lines of a training's log, written and taken again.
#include "training_log.hpp"

#include <cmath>
#include <fstream>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "output.hpp"

namespace facenet::program {
namespace {

std::string log_line(const TrainingStep& step, const std::optional<Verification>& test) {
  Json line;
  const auto put = [&](const char* key, double value) {
    // JSON has no "not a number"; health says "diverged" then.
    line[key] = std::isfinite(value) ? Json(value) : Json();
  };
  line["step"] = step.step;
  put("loss", step.loss);
  put("active", step.active);
  line["triplets"] = step.triplets;
  put("distance_positive", step.distance_positive);
  put("distance_negative", step.distance_negative);
  put("variance", step.variance);
  put("gradient_norm", step.gradient_norm);
  put("learning_rate", step.learning_rate);
  put("images_per_s", step.images_per_s);
  put("seconds", step.seconds);
  line["health"] = step.health;
  if (test) {
    put("eval_auc", test->auc);
    put("eval_eer", test->eer);
  }
  return dump(line) + "\n";
}

}  // namespace

std::string lines_until(std::istream& log, std::int64_t steps) {
  std::string kept;
  for (std::string line; std::getline(log, line);) {
    const Json entry = parsed(line);
    const bool step = entry.is_object() && entry.contains("step") && entry["step"].is_number_integer();
    if (step && entry["step"].get<std::int64_t>() <= steps) kept += line + "\n";
  }
  return kept;
}

TrainingLog::TrainingLog(const std::string& path, std::int64_t keep_steps) {
  if (path.empty()) return;
  std::string kept;
  if (keep_steps > 0) {
    std::ifstream former(path);
    kept = lines_until(former, keep_steps);
  }
  write_file(path, kept);  // whole: nothing of a former log is lost on the way
  file_.reset(std::fopen(path.c_str(), "a"));
  if (!file_) throw IoError("cannot write the log '" + printable(path) + "'");
}

bool TrainingLog::write(const TrainingStep& step, const std::optional<Verification>& test) {
  return !file_ || (std::fputs(log_line(step, test).c_str(), file_.get()) >= 0 && std::fflush(file_.get()) == 0);
}

}  // namespace facenet::program
