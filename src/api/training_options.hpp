// TrainingOptions as JSON, and what they become for sampler, trainer and augmentation.
#pragma once

#include <string>

#include <facenet/train/training.hpp>

#include "data/augmentation.hpp"
#include "data/identity_sampler.hpp"
#include "io/json.hpp"
#include "train/trainer.hpp"

namespace facenet {

/// InvalidArgument names the option that cannot be used.
void validate(const TrainingOptions& options);

Json options_to_json(const TrainingOptions& options);
/// FormatError, beginning with `what`, when something is missing or wrong.
TrainingOptions options_from_json(const Json& json, const std::string& what);

SamplerOptions sampler_options(const TrainingOptions& options);
TrainerOptions trainer_options(const TrainingOptions& options);
/// By the preset's name: none, flip, standard, strong, degraded.
Augmentation augmentation_of(const std::string& preset);

}  // namespace facenet
