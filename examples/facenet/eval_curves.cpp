// DET, DIR and clustering curves.
#include "eval_curves.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <facenet/clusterer.hpp>
#include <facenet/files.hpp>
#include <facenet/verifier.hpp>

#include "contact_sheet.hpp"

namespace facenet::program {
namespace {

constexpr double kLeast = 1e-7;  // below it, logarithms are alike

ReportSeries series_of(std::string name) { return {std::move(name), {}, false, {}}; }

// The decade below the smallest value that is not 0.
double floor_of(const std::vector<std::array<double, 2>>& points, std::size_t side) {
  double least = 0.1;
  for (const auto& point : points) {
    if (point[side] > 0) least = std::min(least, point[side]);
  }
  return std::pow(10.0, std::floor(std::log10(std::max(least, kLeast)) + 1e-9));
}

ReportChart det_chart(const std::vector<RocPoint>& roc) {
  ReportChart chart;
  chart.heading = "Detection error trade-off";
  chart.series.push_back(series_of("DET"));
  auto& points = chart.series[0].points;
  for (const RocPoint& point : roc) {
    if (point.far <= 0.5 && point.val >= 0.5) points.push_back({point.far, 1 - point.val});  // within the axes
  }
  chart.x = {"false accept rate", floor_of(points, 0), 0.5, ReportScale::deviate, true};
  chart.y = {"false reject rate", floor_of(points, 1), 0.5, ReportScale::deviate, true};
  chart.note = "Axes as quantiles of the normal distribution: down and left is better.";
  return chart;
}

ReportChart open_set_chart(const OpenSet& open_set) {
  ReportChart chart;
  chart.heading = "Open-set identification";
  chart.series = {series_of("identified")};
  for (const OpenSetPoint& point : open_set.points) {
    if (!point.supported) continue;
    chart.series[0].points.push_back({point.fpir, point.dir});
    chart.series[0].band.push_back({point.low, point.high});
  }
  chart.x = {"strangers given a name (FPIR)", floor_of(chart.series[0].points, 0), 1, ReportScale::logarithmic, true};
  double least = 1;
  for (const auto& band : chart.series[0].band) least = std::min(least, band[0]);
  chart.y = {"given their own name (DIR)", std::max(0.0, std::floor(least * 10 - 1e-9) / 10), 1, ReportScale::linear,
             true};
  chart.note = grouped(open_set.people) + " people enrolled with one image each, " + grouped(open_set.probes) +
               " probes, " + grouped(open_set.strangers) + " images of strangers; rank 1 " +
               percent(open_set.rank1, 1) + ". Shaded: 95 % interval over probes.";
  return chart;
}

ReportChart clustering_chart(const Curves& curves) {
  ReportChart chart;
  chart.heading = "Clustering by threshold";
  chart.series = {series_of("pairwise F"), series_of("BCubed F"), series_of("pairwise precision"),
                  series_of("pairwise recall")};
  for (const auto& point : curves.clustering) {
    const auto x = static_cast<double>(point.threshold);
    const std::array<double, 4> values{point.scores.pairwise.f, point.scores.bcubed.f, point.scores.pairwise.precision,
                                       point.scores.pairwise.recall};
    for (std::size_t i = 0; i < values.size(); ++i) chart.series[i].points.push_back({x, values[i]});
  }
  chart.x = {"threshold, squared L2", 0, static_cast<double>(curves.clustering.back().threshold), ReportScale::linear,
             false};
  chart.y = {"score", 0, 1, ReportScale::linear, true};
  if (curves.cluster_threshold) {
    chart.mark = static_cast<double>(*curves.cluster_threshold);
    chart.mark_name = "threshold " + fixed(*chart.mark, 3);
  }
  chart.note = "Average linkage.";
  return chart;
}

Json json_of(const Curves& curves) {
  Json json{{"roc", Json::array()}};
  for (const auto& point : curves.roc) {
    json["roc"].push_back({{"far", point.far}, {"val", point.val}, {"threshold", number(point.threshold)}});
  }
  if (!curves.open_set.points.empty()) {
    Json& part = json["open_set"] = {{"people", curves.open_set.people},
                                     {"probes", curves.open_set.probes},
                                     {"strangers", curves.open_set.strangers},
                                     {"rank1", curves.open_set.rank1},
                                     {"points", Json::array()}};
    for (const auto& point : curves.open_set.points) {
      if (!point.supported) continue;
      part["points"].push_back({{"fpir", point.fpir},
                                {"dir", point.dir},
                                {"low", point.low},
                                {"high", point.high},
                                {"threshold", number(point.threshold)}});
    }
  }
  if (!curves.clustering.empty()) json["clustering"] = Json::array();
  for (const auto& point : curves.clustering) {
    json["clustering"].push_back({{"threshold", number(point.threshold)},
                                  {"pairwise", scores_json(point.scores.pairwise)},
                                  {"bcubed", scores_json(point.scores.bcubed)}});
  }
  return json;
}

// One row for each point: what is not measured by a curve stays empty.
std::string csv_of(const Curves& curves) {
  std::string text =
      csv_row({"curve", "threshold", "far", "val", "fpir", "dir", "dir_low", "dir_high", "pairwise_precision",
               "pairwise_recall", "pairwise_f", "bcubed_precision", "bcubed_recall", "bcubed_f"});
  for (const auto& point : curves.roc) {
    text += csv_row({"roc", text_of(point.threshold), text_of(point.far), text_of(point.val), "", "", "", "", "", "",
                     "", "", "", ""});
  }
  for (const auto& point : curves.open_set.points) {
    if (!point.supported) continue;
    text += csv_row({"open_set", text_of(point.threshold), "", "", text_of(point.fpir), text_of(point.dir),
                     text_of(point.low), text_of(point.high), "", "", "", "", "", ""});
  }
  for (const auto& [threshold, scores] : curves.clustering) {
    text += csv_row({"clustering", text_of(threshold), "", "", "", "", "", "", text_of(scores.pairwise.precision),
                     text_of(scores.pairwise.recall), text_of(scores.pairwise.f), text_of(scores.bcubed.precision),
                     text_of(scores.bcubed.recall), text_of(scores.bcubed.f)});
  }
  return text;
}

}  // namespace

std::vector<RocPoint> thinned_roc(std::span<const ScoredPair> pairs) {
  const auto all = roc_curve(pairs);
  const auto logarithm = [](double value) { return std::log10(std::max(value, kLeast)); };
  std::vector<RocPoint> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool end = i == 0 || i + 1 == all.size();
    const auto far_from_last = [&] {
      const RocPoint& last = kept.back();
      return std::abs(logarithm(all[i].far) - logarithm(last.far)) > 0.02 || all[i].val - last.val > 0.002 ||
             std::abs(logarithm(1 - all[i].val) - logarithm(1 - last.val)) > 0.02;
    };
    if (end || far_from_last()) kept.push_back(all[i]);
  }
  return kept;
}

OpenSet open_set_of(const Embeddings& embeddings, std::span<const std::int32_t> labels) {
  std::map<std::int32_t, std::vector<std::size_t>> images;
  for (std::size_t i = 0; i < labels.size(); ++i) images[labels[i]].push_back(i);
  const auto single = [](const auto& person) { return person.second.size() == 1; };
  const auto singles = static_cast<std::size_t>(std::count_if(images.begin(), images.end(), single));
  const bool enough = singles * 10 >= images.size();
  Embeddings gallery;
  Embeddings probes;
  std::vector<std::int32_t> gallery_labels;
  std::vector<std::int32_t> probe_labels;
  std::size_t strangers = 0;
  std::size_t number = 0;
  for (const auto& [label, own] : images) {
    const bool stranger = own.size() == 1 || (!enough && number++ % 4 == 3);
    if (!stranger) {
      gallery.append(embeddings[own.front()]);
      gallery_labels.push_back(label);
    }
    for (std::size_t i = stranger ? 0 : 1; i < own.size(); ++i) {
      probes.append(embeddings[own[i]]);
      probe_labels.push_back(label);
      strangers += stranger ? 1 : 0;
    }
  }
  if (gallery.size() == 0 || strangers == 0 || strangers == probes.size()) return {};
  std::vector<double> rates;
  constexpr int kPerDecade = 12;
  const double decades = std::ceil(std::log10(static_cast<double>(strangers)) * kPerDecade);
  for (int step = static_cast<int>(decades); step >= 1; --step) rates.push_back(std::pow(10.0, -step / 12.0));
  rates.push_back(0.9999);
  return evaluate_open_set(gallery, gallery_labels, probes, probe_labels, rates);
}

std::vector<ClusteringPoint> clustering_of(const Common& common, const Embeddings& embeddings,
                                           std::span<const std::int32_t> labels) {
  constexpr int kPoints = 20;
  Progress progress(common, "clustering");
  std::vector<ClusteringPoint> points;
  for (int i = 1; i <= kPoints; ++i) {
    const float threshold = static_cast<float>(i) * 0.1F;
    const auto clustering = Clusterer({.threshold = threshold}).cluster(embeddings, {}, interrupted());
    points.push_back({threshold, score_clustering(clustering.labels, labels)});
    progress.show(static_cast<std::size_t>(i), kPoints);
  }
  return points;
}

std::optional<ReportCalibration> calibration_on(const Model& model, std::span<const ScoredPair> pairs) {
  if (!model.calibration()) return std::nullopt;
  const CalibrationCheck check = Verifier::check(*model.calibration(), PairDistances(pairs));
  return ReportCalibration{"The model's calibration on these pairs", *model.calibration(), check, true};
}

std::vector<ReportChart> charts_of(const Curves& curves) {
  std::vector<ReportChart> charts{det_chart(curves.roc)};
  const auto supported = [](const OpenSetPoint& point) { return point.supported; };
  if (std::any_of(curves.open_set.points.begin(), curves.open_set.points.end(), supported)) {
    charts.push_back(open_set_chart(curves.open_set));
  }
  if (!curves.clustering.empty()) charts.push_back(clustering_chart(curves));
  return charts;
}

void add_curves_option(CLI::App& app, std::string& file) {
  app.add_option("--curves", file, "The curves of the report as numbers (.csv, .json)")->type_name("FILE");
}

void require_curves_file(const std::string& file) {
  if (file.empty()) return;
  if (!file.ends_with(".csv") && !file.ends_with(".json")) {
    throw UsageError("'" + printable(file) + "' is to end in .csv or .json");
  }
  require_writable(file);
}

void write_curves(const std::string& file, const Curves& curves) {
  write_file(file, file.ends_with(".csv") ? csv_of(curves) : dump(json_of(curves)) + "\n");
}

}  // namespace facenet::program
