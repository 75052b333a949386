// What a training does to people it does not see: tested on the way, to keep the best state and to stop in time.
#pragma once

#include <optional>
#include <string>

#include <facenet/train/training.hpp>

#include "output.hpp"

namespace facenet::program {

/// Belongs to one training.
class Watch {
 public:
  /// Reads the people's faces. `every` steps a test, 0: none on the way; `patience` tests in a row that are no better
  /// end the training, 0: never.
  Watch(const Model& start, const TrainingData& people, const PeopleTestOptions& options, std::int64_t every,
        int patience);

  /// Before the first step.
  void begin(const Model& start, const Common& common);
  /// After a step, when a test is due: what it found, for the log.
  std::optional<Verification> observe(const Training& training, const Common& common);
  /// The last tests were no better than an earlier one, often enough.
  bool enough() const { return patience_ > 0 && worse_ >= patience_; }
  /// The better of the training's last state and the best one before; says which. Without tests on the way: the last.
  Model finish(const Training& training, const Common& common);

  Calibration calibrate(const Model& model) const { return test_.calibrate(model, 0.01); }

 private:
  Verification test(const Model& model, std::int64_t step, const Common& common);

  PeopleTest test_;
  std::int64_t every_;
  int patience_;
  std::optional<Model> best_;
  double best_auc_ = -1;
  std::int64_t best_step_ = 0;
  std::int64_t tested_ = -1;  // the last step that was
  int worse_ = 0;
};

}  // namespace facenet::program
