// What charts share: a drawing with two axes, and lines and words on it, as SVG whose colours are the page's.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "facenet/report.hpp"

namespace facenet::svg {

constexpr double kWidth = 560;
constexpr double kHeight = 360;
constexpr double kLeft = 60;  ///< of the plot
constexpr double kRight = kWidth - 18;
constexpr double kTop = 14;
constexpr double kBottom = kHeight - 46;

/// From values to places in the drawing. A view.
class Axis {
 public:
  /// InvalidArgument for a scale that cannot show its range.
  Axis(const ReportAxis& axis, double from, double to);

  const std::string& name() const { return axis_.name; }
  /// Of what is beyond an end: that end.
  double at(double value) const;
  std::vector<double> ticks() const;
  std::string label(double value) const;

 private:
  double scaled(double value) const;

  const ReportAxis& axis_;
  double from_;
  double to_;
  double low_ = 0;
  double high_ = 1;
};

/// The beginning of a drawing; "</svg>" ends it.
std::string open(const std::string& heading);
/// Grid, ticks, names, and the two lines themselves.
std::string axes(const Axis& x, const Axis& y);

std::string attribute(const char* name, double value);
std::string line(const char* kind, double x1, double y1, double x2, double y2);
std::string text(const char* kind, const char* anchor, double x, double y, const std::string& words);
/// A line from top to bottom at a place, with words beside it at the height `y`.
std::string mark(double at, double y, const std::string& words);
/// What a path's d holds; points that fall together are left out. InvalidArgument, naming `what`, for one that is not
/// finite.
std::string path(std::span<const std::array<double, 2>> points, const Axis& x, const Axis& y, const std::string& what);

}  // namespace facenet::svg
