// What int8 needs, as it stands in a model file.
#pragma once

#include "infer/int8_calibration.hpp"
#include "io/json.hpp"

namespace facenet {

Json int8_to_json(const Int8Calibration& calibration);
/// FormatError when it is none.
Int8Calibration int8_from_json(const Json& json);

}  // namespace facenet
