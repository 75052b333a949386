// A chart of lines as SVG whose colours are the page's, and its legend.
#pragma once

#include <string>

#include "facenet/report.hpp"

namespace facenet {

/// InvalidArgument for a point that is not finite, and for a scale that cannot show its range.
std::string line_chart(const ReportChart& chart);

}  // namespace facenet
