// VAL over FAR and the reliability diagram of a calibration, as SVG whose colours are the page's.
#include "eval/calibration_section.hpp"

#include <algorithm>
#include <cmath>

#include "eval/html.hpp"

namespace facenet {
namespace {

using html::fixed;

constexpr double kSize = 400;  // of the square that the data fill
constexpr double kLeft = 56;
constexpr double kTop = 14;
constexpr double kBottom = 46;

double px(double share) { return kLeft + std::clamp(share, 0.0, 1.0) * kSize; }
double py(double share) { return kTop + (1 - std::clamp(share, 0.0, 1.0)) * kSize; }

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\" x1=\"" + fixed(x1, 1) + "\" y1=\"" + fixed(y1, 1) + "\" x2=\"" +
         fixed(x2, 1) + "\" y2=\"" + fixed(y2, 1) + "\"/>";
}

std::string label(const char* anchor, double x, double y, const std::string& text, const char* kind = "tick") {
  return std::string("<text class=\"") + kind + "\" text-anchor=\"" + anchor + "\" x=\"" + fixed(x, 1) + "\" y=\"" +
         fixed(y, 1) + "\">" + html::escape(text) + "</text>";
}

std::string circle(double x, double y, const std::string& title) {
  return "<circle class=\"point\" r=\"4\" cx=\"" + fixed(x, 1) + "\" cy=\"" + fixed(y, 1) + "\"><title>" +
         html::escape(title) + "</title></circle>";
}

std::string frame(const std::string& description, const std::string& x_name, const std::string& y_name) {
  std::string svg = "<svg viewBox=\"0 0 " + fixed(kLeft + kSize + 16, 0) + " " + fixed(kTop + kSize + kBottom, 0) +
                    "\" role=\"img\" aria-label=\"" + html::escape(description) + "\"><title>" +
                    html::escape(description) + "</title>";
  svg += line("axis", px(0), py(0), px(1), py(0)) + line("axis", px(0), py(1), px(0), py(0));
  svg += label("middle", px(0.5), kTop + kSize + kBottom - 8, x_name, "name");
  return svg + "<text class=\"name\" text-anchor=\"middle\" transform=\"translate(13 " + fixed(py(0.5), 1) +
         ") rotate(-90)\">" + html::escape(y_name) + "</text>";
}

// VAL between a round share below the least of it and 1, over log FAR.
std::string roc(const ReportCalibration& part) {
  double lowest = 1;
  double finest = 0.1;
  const auto points = [&] {
    std::vector<OperatingPoint> list;
    for (std::size_t i = 0; i < part.check.points.size(); ++i) {
      list.push_back(part.others ? part.check.points[i].measured : part.calibration.points[i]);
    }
    return list;
  }();
  for (const RocPoint& point : part.check.roc) {
    if (point.far > 0) finest = std::min(finest, point.far);
    lowest = std::min(lowest, point.val);
  }
  for (const OperatingPoint& point : points) {
    if (point.val_interval) lowest = std::min(lowest, point.val_interval->low);
  }
  const double decades = std::ceil(-std::log10(finest) - 1e-9);
  const double step = lowest > 0.95 ? 0.01 : lowest > 0.8 ? 0.05 : 0.2;
  const double bottom = std::max(0.0, std::floor(lowest / step - 1e-9) * step);
  const auto x = [&](double far) { return px(1 + std::log10(std::max(far, 1e-12)) / decades); };
  const auto y = [&](double val) { return py((val - bottom) / (1 - bottom)); };
  std::string svg = frame("VAL over false accept rate, with 95 % intervals", "false accept rate (logarithmic)", "VAL");
  for (double val = bottom; val <= 1.0001; val += step) {
    svg += line("grid", px(0), y(val), px(1), y(val)) + label("end", px(0) - 7, y(val) + 4, fixed(100 * val, 0) + " %");
  }
  for (int decade = 0; decade <= static_cast<int>(decades); ++decade) {
    const double far = std::pow(10.0, -decade);
    svg += line("grid", x(far), py(1), x(far), py(0)) +
           label("middle", x(far), py(0) + 17, decade == 0 ? "1" : "1e-" + std::to_string(decade));
  }
  std::string path;
  for (const RocPoint& point : part.check.roc) {
    if (point.far <= 0) continue;
    path += (path.empty() ? "M" : "L") + fixed(x(point.far), 1) + " " + fixed(y(point.val), 1);
  }
  svg += "<path class=\"curve\" d=\"" + path + "\"/>";
  for (const OperatingPoint& point : points) {
    if (point.far <= 0) continue;
    if (point.val_interval)
      svg += line("whisker", x(point.far), y(point.val_interval->low), x(point.far), y(point.val_interval->high));
    if (point.far_interval)
      svg += line("whisker", x(point.far_interval->low), y(point.val), x(point.far_interval->high), y(point.val));
    svg += circle(x(point.far), y(point.val),
                  "VAL " + html::percent(point.val, 2) + " at FAR " + html::shortest(point.far) + ", threshold " +
                      fixed(static_cast<double>(point.threshold), 4));
  }
  return svg + "</svg>";
}

std::string reliability(const CalibrationCheck& check) {
  std::string svg = frame("Share of pairs that were the same person over the probability given", "probability given",
                          "share that was the same person");
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double share = tenth / 10.0;
    svg += line("grid", px(0), py(share), px(1), py(share)) +
           label("end", px(0) - 7, py(share) + 4, fixed(100 * share, 0) + " %");
    svg += label("middle", px(share), py(0) + 17, fixed(100 * share, 0) + " %");
  }
  svg += line("chance", px(0), py(0), px(1), py(1));
  std::string path;
  std::string points;
  for (const ReliabilityBin& bin : check.reliability) {
    path += (path.empty() ? "M" : "L") + fixed(px(bin.probability), 1) + " " + fixed(py(bin.same), 1);
    if (bin.same_interval) {
      points += line("whisker", px(bin.probability), py(bin.same_interval->low), px(bin.probability),
                     py(bin.same_interval->high));
    }
    points += circle(px(bin.probability), py(bin.same),
                     html::percent(bin.probability, 1) + " given, " + html::percent(bin.same, 1) + " were, of " +
                         std::to_string(bin.pairs) + " pairs");
  }
  return svg + "<path class=\"curve\" d=\"" + path + "\"/>" + points + "</svg>";
}

}  // namespace

std::string calibration_section(const ReportCalibration& part) {
  return "<section><h2>" + html::escape(part.heading) + "</h2>\n<div class=\"charts\"><div>" + roc(part) +
         "</div>\n<div>" + reliability(part.check) + "</div></div>\n<p class=\"note\">Brier score " +
         fixed(part.check.brier, 4) + (part.others ? "" : ", on the pairs that the probability was fitted to") +
         ". Left, VAL and FAR; right, on the diagonal a probability is what it says. Intervals: 95 %, over draws of "
         "people. " +
         html::escape(part.others ? "Calibrated on " + part.calibration.data + "." : "") + "</p></section>\n";
}

}  // namespace facenet
