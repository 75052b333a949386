// Tests on the way of a training: the area under the ROC curve decides, since it needs no threshold.
#include "watch.hpp"

namespace facenet::program {

Watch::Watch(const Model& start, const TrainingData& people, const PeopleTestOptions& options, std::int64_t every,
             int patience)
    : test_(start, people, options), every_(every), patience_(patience) {}

Verification Watch::test(const Model& model, std::int64_t step, const Common& common) {
  const Verification result = test_.run(model);
  std::string text =
      (step == 0 ? "before" : "after step " + grouped(step)) + ": people not trained on: AUC " + fixed(result.auc, 4);
  for (const auto& val : result.val) {
    if (val.supported && val.far < 0.05 && val.far > 0.005) text += ", VAL " + percent(val.val) + " at FAR 1e-2";
  }
  say(common, text);
  tested_ = step;
  if (result.auc > best_auc_) {
    best_auc_ = result.auc;
    best_step_ = step;
    if (every_ > 0) best_ = model;
    worse_ = 0;
  } else {
    ++worse_;
  }
  return result;
}

void Watch::begin(const Model& start, const Common& common) { test(start, 0, common); }

std::optional<Verification> Watch::observe(const Training& training, const Common& common) {
  if (every_ == 0 || training.steps() % every_ != 0) return std::nullopt;
  return test(training.model(), training.steps(), common);
}

Model Watch::finish(const Training& training, const Common& common) {
  Model last = training.model();
  if (tested_ != training.steps()) test(last, training.steps(), common);
  if (!best_ || best_step_ == training.steps()) return last;
  if (best_step_ == 0) {
    warn(common,
         "no state of the training was better on these people than the model it began with, which is the result");
  } else {
    say(common, "The best state was that after step " + grouped(best_step_) + ", which is the result.");
  }
  return *best_;
}

}  // namespace facenet::program
