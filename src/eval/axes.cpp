// Linear, logarithmic and normal-deviate scales; elements of SVG.
#include "eval/axes.hpp"

#include <algorithm>
#include <cmath>

#include "eval/html.hpp"
#include "facenet/error.hpp"

namespace facenet::svg {
namespace {

using html::fixed;

// What a standard normal variable stays below with probability p (Acklam's rational approximation, relative
// error below 1.2e-9): the axes of a DET curve (Martin et al. 1997), on which normal scores give straight lines.
double normal_deviate(double p) {
  constexpr std::array<double, 6> a{-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                    1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr std::array<double, 5> b{-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                                    6.680131188771972e+01, -1.328068155288572e+01};
  constexpr std::array<double, 6> c{-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                    -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr std::array<double, 4> d{7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                    3.754408661907416e+00};
  const auto tail = [&](double q) {
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
  };
  if (p < 0.02425) return tail(std::sqrt(-2 * std::log(p)));
  if (p > 1 - 0.02425) return -tail(std::sqrt(-2 * std::log(1 - p)));
  const double q = p - 0.5;
  const double r = q * q;
  return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
         (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

}  // namespace

Axis::Axis(const ReportAxis& axis, double from, double to) : axis_(axis), from_(from), to_(to) {
  const bool positive = axis.scale == ReportScale::linear || axis.low > 0;
  const bool below_one = axis.scale != ReportScale::deviate || axis.high < 1;
  if (!(axis.low < axis.high) || !positive || !below_one) {
    throw InvalidArgument("report: the axis '" + axis.name + "' cannot go from " + fixed(axis.low, 6) + " to " +
                          fixed(axis.high, 6));
  }
  low_ = scaled(axis.low);
  high_ = scaled(axis.high);
}

double Axis::at(double value) const {
  const double inside = std::clamp(value, axis_.low, axis_.high);
  return from_ + (scaled(inside) - low_) / (high_ - low_) * (to_ - from_);
}

std::vector<double> Axis::ticks() const {
  std::vector<double> values;
  if (axis_.scale == ReportScale::deviate) {
    for (const double value : {1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99}) values.push_back(value);
  } else if (axis_.scale == ReportScale::logarithmic) {
    for (int power = -9; power <= 9; ++power) values.push_back(std::pow(10.0, power));
  } else {
    const double rough = (axis_.high - axis_.low) / 6;
    const double decade = std::pow(10, std::floor(std::log10(rough)));
    double step = 10 * decade;
    for (const double factor : {5.0, 2.5, 2.0, 1.0}) step = factor * decade >= rough ? factor * decade : step;
    const double first = std::ceil(axis_.low / step - 1e-9);
    for (int i = 0; (first + i) * step <= axis_.high + 1e-9 * step; ++i) values.push_back((first + i) * step);
  }
  std::erase_if(values,
                [&](double value) { return value < axis_.low * (1 - 1e-9) || value > axis_.high * (1 + 1e-9); });
  return values;
}

std::string Axis::label(double value) const {
  const double shown = axis_.percent ? 100 * value : value;
  const double rounded = std::stod(fixed(shown, 9));
  return html::shortest(std::abs(rounded) < 1e-12 ? 0 : rounded) + (axis_.percent ? " %" : "");
}

double Axis::scaled(double value) const {
  if (axis_.scale == ReportScale::logarithmic) return std::log10(value);
  return axis_.scale == ReportScale::deviate ? normal_deviate(value) : value;
}

std::string open(const std::string& heading) {
  return "<svg viewBox=\"0 0 " + fixed(kWidth, 0) + " " + fixed(kHeight, 0) + "\" role=\"img\" aria-label=\"" +
         html::escape(heading) + "\"><title>" + html::escape(heading) + "</title>";
}

std::string axes(const Axis& x, const Axis& y) {
  std::string svg;
  for (const double value : x.ticks()) {
    svg += line("grid", x.at(value), kTop, x.at(value), kBottom);
    svg += text("tick", "middle", x.at(value), kBottom + 17, x.label(value));
  }
  for (const double value : y.ticks()) {
    svg += line("grid", kLeft, y.at(value), kRight, y.at(value));
    svg += text("tick", "end", kLeft - 7, y.at(value) + 4, y.label(value));
  }
  svg += line("axis", kLeft, kBottom, kRight, kBottom) + line("axis", kLeft, kTop, kLeft, kBottom);
  svg += text("name", "middle", (kLeft + kRight) / 2, kHeight - 8, x.name());
  return svg + "<text class=\"name\" text-anchor=\"middle\" transform=\"translate(13 " +
         fixed((kTop + kBottom) / 2, 1) + ") rotate(-90)\">" + html::escape(y.name()) + "</text>";
}

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + fixed(value, 1) + "\"";
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\"" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
         attribute("y2", y2) + "/>";
}

std::string text(const char* kind, const char* anchor, double x, double y, const std::string& words) {
  return std::string("<text class=\"") + kind + "\" text-anchor=\"" + anchor + "\"" + attribute("x", x) +
         attribute("y", y) + ">" + html::escape(words) + "</text>";
}

std::string mark(double at, double y, const std::string& words) {
  const bool left = at > kWidth * 0.7;
  return line("threshold", at, kTop, at, kBottom) +
         text("mark", left ? "end" : "start", at + (left ? -6 : 6), y, words);
}

std::string path(std::span<const std::array<double, 2>> points, const Axis& x, const Axis& y, const std::string& what) {
  std::string path;
  double last_x = -10;
  double last_y = -10;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& [px, py] = points[i];
    if (!std::isfinite(px) || !std::isfinite(py)) {
      throw InvalidArgument("report: a point of '" + what + "' is not finite");
    }
    const double at_x = x.at(px);
    const double at_y = y.at(py);
    const bool near = std::abs(at_x - last_x) < 0.4 && std::abs(at_y - last_y) < 0.4;
    if (near && i + 1 < points.size()) continue;
    path += (path.empty() ? "M" : "L") + fixed(at_x, 1) + " " + fixed(at_y, 1);
    last_x = at_x;
    last_y = at_y;
  }
  return path;
}

}  // namespace facenet::svg
