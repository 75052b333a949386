// Images at places in the plane, as SVG.
#pragma once

#include <string>

#include "facenet/report.hpp"

namespace facenet {

/// "data:image/jpeg;base64,...". InvalidArgument for an image of a kind that pages do not show.
std::string image_data(const ReportImage& image);

/// Each image with a frame of its group's colour and its caption to point at. InvalidArgument when there are not as
/// many places and groups as images, or a place is not finite.
std::string map_svg(const ReportMap& map);

}  // namespace facenet
