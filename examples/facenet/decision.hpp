// The threshold of verify, identify and cluster: given, or from the model's calibration.
#pragma once

#include <optional>
#include <string>

#include <facenet/model.hpp>
#include <facenet/verifier.hpp>

#include "common.hpp"

namespace facenet::program {

struct Decision {
  std::optional<float> threshold{};
  std::optional<double> far{};
};

/// --threshold and --far.
void add_decision_options(CLI::App& app, Decision& decision);
/// UsageError that says what to do when neither the options nor the model's calibration give a threshold.
Verifier verifier_for(const Model& model, const Decision& decision);

}  // namespace facenet::program
