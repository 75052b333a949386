// The curves of an evaluation: for the report, and as CSV or JSON.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <facenet/evaluation.hpp>
#include <facenet/model.hpp>
#include <facenet/report.hpp>

#include "output.hpp"

namespace facenet::program {

/// How well groups at one threshold are people.
struct ClusteringPoint {
  float threshold = 0;
  ClusteringScores scores{};
};

struct Curves {
  std::vector<RocPoint> roc;                  ///< also the DET curve: 1 - VAL over FAR
  OpenSet open_set{};                         ///< DIR over FPIR; no points where it was not measured
  std::vector<ClusteringPoint> clustering{};  ///< by rising threshold; empty where it was not measured
  std::optional<float> cluster_threshold{};   ///< the one that was chosen
};

/// Some hundred points of the ROC curve, close where it bends: in log FAR, in VAL, and in log (1 - VAL).
std::vector<RocPoint> thinned_roc(std::span<const ScoredPair> pairs);

/// Open-set identification over FPIR: one image of each person with several is enrolled. Strangers are the people with
/// one image, or where they are fewer than a tenth of all, every fourth of the others. No points where nobody is left.
OpenSet open_set_of(const Embeddings& embeddings, std::span<const std::int32_t> labels);

/// Average linkage at thresholds from 0.1 to 2.
std::vector<ClusteringPoint> clustering_of(const Common& common, const Embeddings& embeddings,
                                           std::span<const std::int32_t> labels);

/// Whether the model's thresholds and probabilities hold on these pairs; nothing without a calibration.
std::optional<ReportCalibration> calibration_on(const Model& model, std::span<const ScoredPair> pairs);

std::vector<ReportChart> charts_of(const Curves& curves);
/// --curves: .csv or .json, whole or not at all.
void add_curves_option(CLI::App& app, std::string& file);
void require_curves_file(const std::string& file);
void write_curves(const std::string& file, const Curves& curves);

}  // namespace facenet::program
