// Calibrations to and from JSON, for the model file.
#pragma once

#include <nlohmann/json.hpp>

#include "facenet/calibration.hpp"

namespace facenet {

nlohmann::json calibration_to_json(const Calibration& calibration);

/// Trusts nothing: FormatError, naming the key, for what is missing, of another type, or not finite.
Calibration calibration_from_json(const nlohmann::json& json);

}  // namespace facenet
