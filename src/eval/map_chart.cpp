// The map: scaled into a drawing of fixed width, as high as it needs.
#include "eval/map_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "eval/html.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

using html::fixed;

constexpr double kWidth = 1140;

// Hues a golden angle apart: neighbouring numbers look different, however many there are.
std::string colour(std::int32_t group) {
  return "hsl(" + fixed(std::fmod(137.508 * group, 360), 0) + " 65% " + (group % 2 == 0 ? "45%" : "62%") + ")";
}

}  // namespace

std::string image_data(const ReportImage& image) {
  constexpr std::array<std::string_view, 5> kKinds{"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"};
  if (std::find(kKinds.begin(), kKinds.end(), image.mime) == kKinds.end()) {
    throw InvalidArgument("report: an image of type '" + image.mime + "' cannot be shown; use image/jpeg or image/png");
  }
  return "data:" + image.mime + ";base64," + html::base64(image.bytes);
}

std::string map_svg(const ReportMap& map) {
  const std::size_t count = map.images.size();
  if (map.places.size() != count || map.groups.size() != count || !(map.side > 0)) {
    throw InvalidArgument("report: a map needs a place and a group for each image, and a side above 0");
  }
  std::array<double, 2> low{1e30, 1e30};
  std::array<double, 2> high{-1e30, -1e30};
  for (const auto& place : map.places) {
    for (std::size_t k = 0; k < 2; ++k) {
      if (!std::isfinite(place[k])) throw InvalidArgument("report: a place on a map is not finite");
      low[k] = std::min(low[k], static_cast<double>(place[k]));
      high[k] = std::max(high[k], static_cast<double>(place[k]));
    }
  }
  if (count == 0) low = high = {0, 0};
  const auto side = static_cast<double>(map.side);
  const double scale = kWidth / (high[0] - low[0] + 1.1 * side);
  const double height = (high[1] - low[1] + 1.1 * side) * scale;
  std::string svg = "<svg viewBox=\"0 0 " + fixed(kWidth, 0) + " " + fixed(height, 0) +
                    "\" role=\"img\" aria-label=\"" + html::escape(map.heading) + "\">";
  const double drawn = side * scale * 0.94;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = (static_cast<double>(map.places[i][0]) - low[0] + 0.55 * side) * scale - drawn / 2;
    const double y = (high[1] - static_cast<double>(map.places[i][1]) + 0.55 * side) * scale - drawn / 2;
    const std::string box = " x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" width=\"" + fixed(drawn, 1) +
                            "\" height=\"" + fixed(drawn, 1) + "\"";
    svg += "<g><title>" + html::escape(map.images[i].caption) + "</title><image" + box +
           " preserveAspectRatio=\"xMidYMid slice\" href=\"" + image_data(map.images[i]) + "\"/>";
    if (map.groups[i] >= 0) {
      svg += "<rect" + box + " fill=\"none\" stroke-width=\"2\" stroke=\"" + colour(map.groups[i]) + "\"/>";
    }
    svg += "</g>\n";
  }
  return svg + "</svg>";
}

}  // namespace facenet
