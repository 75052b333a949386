// ROC and histogram as SVG.
#include "eval/charts.hpp"

#include <algorithm>
#include <cmath>

#include "eval/axes.hpp"
#include "eval/html.hpp"

namespace facenet {

using html::fixed;

std::string roc_svg(std::span<const ScoredPair> pairs, const Verification& result, bool logarithmic) {
  ReportAxis far{.name = "false accept rate"};
  if (logarithmic) {
    const auto different = static_cast<double>(result.pairs - result.same_pairs);
    far.name += " (logarithmic)";
    far.low = std::pow(10, std::floor(-std::log10(std::max(different, 10.0)) + 1e-9));
    far.scale = ReportScale::logarithmic;
  }
  const ReportAxis val{.name = "VAL", .percent = true};
  const svg::Axis x(far, svg::kLeft, svg::kRight);
  const svg::Axis y(val, svg::kBottom, svg::kTop);
  std::string drawing = svg::open("ROC: share of same pairs accepted over share of different pairs accepted; area " +
                                  fixed(result.auc, 4)) +
                        svg::axes(x, y);
  if (!logarithmic) drawing += svg::line("chance", x.at(0), y.at(0), x.at(1), y.at(1));
  std::vector<std::array<double, 2>> points;
  for (const auto& point : roc_curve(pairs)) points.push_back({point.far, point.val});
  drawing += "<path class=\"curve\" d=\"" + svg::path(points, x, y, "ROC") + "\"/>";
  for (const ValAtFar& point : result.val) {
    if (!point.supported || point.far < far.low) continue;
    drawing += svg::line("whisker", x.at(point.far), y.at(point.low), x.at(point.far), y.at(point.high));
    drawing += "<circle class=\"point\" r=\"4\"" + svg::attribute("cx", x.at(point.far)) +
               svg::attribute("cy", y.at(point.val)) + "><title>VAL " + html::percent(point.val, 1) + " at FAR " +
               html::shortest(point.far) + "</title></circle>";
  }
  return drawing + "</svg>";
}

std::string histogram_svg(std::span<const ScoredPair> pairs, const Verification& result) {
  float highest = 0;
  for (const ScoredPair& pair : pairs) highest = std::max(highest, pair.distance);
  constexpr std::size_t kBins = 48;
  const ReportAxis distance{.name = "squared L2 distance",
                            .high = std::max(0.5, std::ceil(static_cast<double>(highest) * 2) / 2)};
  std::vector<double> shares[2] = {std::vector<double>(kBins), std::vector<double>(kBins)};
  const double counts[2] = {static_cast<double>(result.pairs - result.same_pairs),
                            static_cast<double>(result.same_pairs)};
  for (const ScoredPair& pair : pairs) {
    const double at = static_cast<double>(pair.distance) / distance.high * static_cast<double>(kBins);
    const auto bin = std::min(static_cast<std::size_t>(std::max(at, 0.0)), kBins - 1);
    shares[pair.same ? 1 : 0][bin] += 1 / counts[pair.same ? 1 : 0];
  }
  double top = 0;
  for (const auto& kind : shares) top = std::max(top, *std::max_element(kind.begin(), kind.end()));
  const ReportAxis share{.name = "share of the pairs", .high = top > 0 ? top * 1.08 : 1, .percent = true};
  const svg::Axis x(distance, svg::kLeft, svg::kRight);
  const svg::Axis y(share, svg::kBottom, svg::kTop);
  const auto threshold = static_cast<double>(result.threshold);
  std::string drawing =
      svg::open("Squared distances of same pairs and of different pairs, with the threshold " + fixed(threshold, 3)) +
      svg::axes(x, y);
  const double width = (svg::kRight - svg::kLeft) / static_cast<double>(kBins);
  for (const int kind : {0, 1}) {
    drawing += std::string("<g class=\"") + (kind == 1 ? "same" : "different") + "\">";
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      const double height = y.at(0) - y.at(shares[kind][bin]);
      if (height <= 0) continue;
      drawing += "<rect" + svg::attribute("x", svg::kLeft + static_cast<double>(bin) * width) +
                 svg::attribute("y", svg::kBottom - height) + svg::attribute("width", width - 0.6) +
                 svg::attribute("height", height) + "/>";
    }
    drawing += "</g>";
  }
  return drawing + svg::mark(x.at(threshold), svg::kTop + 11, "threshold " + fixed(threshold, 3)) + "</svg>";
}

}  // namespace facenet
