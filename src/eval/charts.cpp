// ROC and histogram as SVG.
#include "eval/charts.hpp"

#include <algorithm>
#include <cmath>

#include "eval/html.hpp"

namespace facenet {
namespace {

using html::fixed;

constexpr double kWidth = 560;
constexpr double kHeight = 360;
constexpr double kLeft = 52;
constexpr double kRight = 16;
constexpr double kTop = 14;
constexpr double kBottom = 46;

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + fixed(value, 1) + "\"";
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\"" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
         attribute("y2", y2) + "/>";
}

std::string label(const char* anchor, double x, double y, const std::string& text, const char* kind = "tick") {
  return std::string("<text class=\"") + kind + "\" text-anchor=\"" + anchor + "\"" + attribute("x", x) +
         attribute("y", y) + ">" + html::escape(text) + "</text>";
}

// Data coordinates to the drawing's.
struct Frame {
  double low = 0;
  double high = 1;
  double top = 1;  // of y, which starts at 0
  bool logarithmic = false;

  double x(double value) const {
    const double at = logarithmic ? (std::log10(std::max(value, low)) - std::log10(low)) / -std::log10(low)
                                  : (value - low) / (high - low);
    return kLeft + std::clamp(at, 0.0, 1.0) * (kWidth - kLeft - kRight);
  }
  double y(double value) const { return kHeight - kBottom - value / top * (kHeight - kTop - kBottom); }
};

std::string open(const std::string& description) {
  return "<svg viewBox=\"0 0 " + fixed(kWidth, 0) + " " + fixed(kHeight, 0) + "\" role=\"img\" aria-label=\"" +
         html::escape(description) + "\"><title>" + html::escape(description) + "</title>";
}

std::string axes(const Frame& frame, const std::string& x_name, const std::string& y_name) {
  const double bottom = frame.y(0);
  return line("axis", kLeft, bottom, kWidth - kRight, bottom) + line("axis", kLeft, kTop, kLeft, bottom) +
         label("middle", (kLeft + kWidth - kRight) / 2, kHeight - 8, x_name, "name") +
         "<text class=\"name\" text-anchor=\"middle\" transform=\"translate(13 " + fixed((kTop + bottom) / 2, 1) +
         ") rotate(-90)\">" + html::escape(y_name) + "</text>";
}

std::string y_ticks(const Frame& frame, double step) {
  std::string svg;
  for (double value = 0; value <= frame.top * 1.0001; value += step) {
    svg += line("grid", kLeft, frame.y(value), kWidth - kRight, frame.y(value));
    svg += label("end", kLeft - 7, frame.y(value) + 4, fixed(100 * value, 0) + " %");
  }
  return svg;
}

// A step that gives at most five ticks: 1, 2 or 5 of a decade.
double tick_step(double top) {
  const double decade = std::pow(10, std::floor(std::log10(top / 5)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (top / (factor * decade) <= 5.0001) return factor * decade;
  }
  return 10 * decade;
}

}  // namespace

std::string roc_svg(std::span<const ScoredPair> pairs, const Verification& result, bool logarithmic) {
  Frame frame;
  frame.logarithmic = logarithmic;
  if (logarithmic) {
    const auto different = static_cast<double>(result.pairs - result.same_pairs);
    frame.low = std::pow(10, std::floor(-std::log10(std::max(different, 10.0)) + 1e-9));
  }
  std::string svg =
      open("ROC: share of same pairs accepted over share of different pairs accepted; area " + fixed(result.auc, 4));
  svg += y_ticks(frame, 0.2);
  if (logarithmic) {
    for (double far = frame.low; far < 1.5; far *= 10) {
      svg += line("grid", frame.x(far), kTop, frame.x(far), frame.y(0));
      svg += label("middle", frame.x(far), frame.y(0) + 17, far > 0.5 ? "1" : html::shortest(std::stod(fixed(far, 9))));
    }
  } else {
    for (int tenth = 0; tenth <= 10; tenth += 2) {
      svg += line("grid", frame.x(tenth / 10.0), kTop, frame.x(tenth / 10.0), frame.y(0));
      svg += label("middle", frame.x(tenth / 10.0), frame.y(0) + 17, fixed(tenth / 10.0, 1));
    }
    svg += line("chance", frame.x(0), frame.y(0), frame.x(1), frame.y(1));
  }
  std::string path;
  double last_x = -10;
  double last_y = -10;
  const auto roc = roc_curve(pairs);
  for (std::size_t i = 0; i < roc.size(); ++i) {
    const double x = frame.x(roc[i].far);
    const double y = frame.y(roc[i].val);
    if (i > 0 && i + 1 < roc.size() && std::abs(x - last_x) < 0.4 && std::abs(y - last_y) < 0.4) continue;
    path += (path.empty() ? "M" : "L") + fixed(x, 1) + " " + fixed(y, 1);
    last_x = x;
    last_y = y;
  }
  svg += axes(frame, logarithmic ? "false accept rate (logarithmic)" : "false accept rate", "VAL");
  svg += "<path class=\"curve\" d=\"" + path + "\"/>";
  for (const ValAtFar& point : result.val) {
    if (!point.supported || (logarithmic && point.far < frame.low)) continue;
    const double x = frame.x(point.far);
    svg += line("whisker", x, frame.y(point.low), x, frame.y(point.high));
    svg += "<circle class=\"point\" r=\"4\"" + attribute("cx", x) + attribute("cy", frame.y(point.val)) +
           "><title>VAL " + html::percent(point.val, 1) + " at FAR " + html::shortest(point.far) + "</title></circle>";
  }
  return svg + "</svg>";
}

std::string histogram_svg(std::span<const ScoredPair> pairs, const Verification& result) {
  float highest = 0;
  for (const ScoredPair& pair : pairs) highest = std::max(highest, pair.distance);
  constexpr std::size_t kBins = 48;
  Frame frame;
  frame.high = std::max(0.5, std::ceil(static_cast<double>(highest) * 2) / 2);
  std::vector<double> shares[2] = {std::vector<double>(kBins), std::vector<double>(kBins)};
  const double counts[2] = {static_cast<double>(result.pairs - result.same_pairs),
                            static_cast<double>(result.same_pairs)};
  for (const ScoredPair& pair : pairs) {
    const double at = static_cast<double>(pair.distance) / frame.high * static_cast<double>(kBins);
    const auto bin = std::min(static_cast<std::size_t>(std::max(at, 0.0)), kBins - 1);
    shares[pair.same ? 1 : 0][bin] += 1 / counts[pair.same ? 1 : 0];
  }
  double top = 0;
  for (const auto& kind : shares) top = std::max(top, *std::max_element(kind.begin(), kind.end()));
  frame.top = top * 1.08;

  std::string svg = open("Squared distances of same pairs and of different pairs, with the threshold " +
                         fixed(static_cast<double>(result.threshold), 3));
  const double step = std::max(0.01, tick_step(frame.top));
  svg += y_ticks(frame, step);
  const double x_step = frame.high > 2 ? 0.5 : frame.high > 1 ? 0.25 : 0.1;
  for (double value = 0; value <= frame.high * 1.0001; value += x_step) {
    svg += label("middle", frame.x(value), frame.y(0) + 17, html::shortest(std::round(value * 100) / 100));
  }
  const double width = (kWidth - kLeft - kRight) / static_cast<double>(kBins);
  for (const int kind : {0, 1}) {
    svg += std::string("<g class=\"") + (kind == 1 ? "same" : "different") + "\">";
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      const double share = shares[kind][bin];
      if (share <= 0) continue;
      svg += "<rect" + attribute("x", kLeft + static_cast<double>(bin) * width) + attribute("y", frame.y(share)) +
             attribute("width", width - 0.6) + attribute("height", frame.y(0) - frame.y(share)) + "/>";
    }
    svg += "</g>";
  }
  svg += axes(frame, "squared L2 distance", "share of the pairs");
  const double threshold = frame.x(static_cast<double>(result.threshold));
  svg += line("threshold", threshold, kTop, threshold, frame.y(0));
  const bool right = threshold > kWidth * 0.7;
  svg += label(right ? "end" : "start", threshold + (right ? -6 : 6), kTop + 11,
               "threshold " + fixed(static_cast<double>(result.threshold), 3), "mark");
  return svg + "</svg>";
}

}  // namespace facenet
