// The threshold of verify, identify and cluster.
#include "decision.hpp"

#include <cmath>

namespace facenet::program {

void add_decision_options(CLI::App& app, Decision& decision) {
  app.add_option("--threshold", decision.threshold, "Same person when the squared distance is at most this, 0 to 4")
      ->type_name("T");
  app.add_option("--far", decision.far, "The calibrated threshold that accepts at most this share of strangers")
      ->type_name("R");
}

Verifier verifier_for(const Model& model, const Decision& decision) {
  if (decision.threshold && decision.far) throw UsageError("--threshold or --far, not both");
  if (decision.threshold) {
    if (!std::isfinite(*decision.threshold) || *decision.threshold < 0) {
      throw UsageError("--threshold is a squared distance: 0 to 4");
    }
    return Verifier(model.calibration(), {.threshold = decision.threshold});
  }
  if (decision.far && !(*decision.far > 0 && *decision.far < 1)) throw UsageError("--far is a share: between 0 and 1");
  if (!model.calibration()) {
    throw UsageError(
        "at which distance are two faces no longer the same person? The model has no calibration: give --threshold T "
        "(facenet eval finds one on pairs of known people), or calibrate it (facenet calibrate, facenet train --eval)");
  }
  return Verifier(model.calibration(), {.far = decision.far});
}

}  // namespace facenet::program
