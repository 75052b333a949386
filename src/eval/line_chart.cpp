// Lines with their bands and dots, a mark, and a legend.
#include "eval/line_chart.hpp"

#include <cmath>

#include "eval/axes.hpp"
#include "eval/html.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

using html::fixed;

// What lies between low and high: there and back.
std::string band_of(const ReportSeries& series, const svg::Axis& x, const svg::Axis& y) {
  if (series.band.size() != series.points.size()) {
    throw InvalidArgument("report: the band of '" + series.name + "' has not as many points as the line");
  }
  std::string path;
  const auto add = [&](std::size_t i, double value) {
    if (!std::isfinite(value)) throw InvalidArgument("report: a point of '" + series.name + "' is not finite");
    path += (path.empty() ? "M" : "L") + fixed(x.at(series.points[i][0]), 1) + " " + fixed(y.at(value), 1);
  };
  for (std::size_t i = 0; i < series.band.size(); ++i) add(i, series.band[i][1]);
  for (std::size_t i = series.band.size(); i-- > 0;) add(i, series.band[i][0]);
  return path + "Z";
}

}  // namespace

std::string line_chart(const ReportChart& chart) {
  const svg::Axis x(chart.x, svg::kLeft, svg::kRight);
  const svg::Axis y(chart.y, svg::kBottom, svg::kTop);
  std::string drawing = svg::open(chart.heading) + svg::axes(x, y);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const ReportSeries& series = chart.series[i];
    const std::string colour = "line" + std::to_string(i % kReportColours);
    if (!series.band.empty()) {
      drawing += "<path class=\"band " + colour + "\" d=\"" + band_of(series, x, y) + "\"/>";
    }
    if (!series.points.empty()) {
      drawing += "<path class=\"curve " + colour + "\" d=\"" + svg::path(series.points, x, y, series.name) + "\"/>";
    }
    if (!series.dots) continue;
    for (const auto& [px, py] : series.points) {
      drawing += "<circle class=\"dot " + colour + "\" r=\"3.5\"" + svg::attribute("cx", x.at(px)) +
                 svg::attribute("cy", y.at(py)) + "><title>" + html::escape(x.label(px) + ": " + y.label(py)) +
                 "</title></circle>";
    }
  }
  if (chart.mark) drawing += svg::mark(x.at(*chart.mark), svg::kBottom - 8, chart.mark_name);
  drawing += "</svg>";
  if (chart.series.size() < 2) return drawing;
  std::string legend = "<p class=\"legend\">";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    legend += "<span><svg class=\"key\" viewBox=\"0 0 26 8\"><path class=\"curve line" +
              std::to_string(i % kReportColours) + "\" d=\"M0 4L26 4\"/></svg>" + html::escape(chart.series[i].name) +
              "</span>";
  }
  return legend + "</p>" + drawing;
}

}  // namespace facenet
