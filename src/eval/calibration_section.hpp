// The section of a report that shows a calibration.
#pragma once

#include <string>

#include "facenet/report.hpp"

namespace facenet {

/// HTML: VAL over logarithmic FAR with intervals, and a reliability diagram.
std::string calibration_section(const ReportCalibration& part);

}  // namespace facenet
