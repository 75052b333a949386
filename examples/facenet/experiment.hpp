// facenet experiment: the paper's tables on the data at hand. What the experiments share: their options and tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <facenet/train/training.hpp>

#include "eval_test.hpp"
#include "output.hpp"

namespace facenet::program {

struct ExperimentOptions {
  TestOptions test;       ///< of jpeg and pixels
  std::string qualities;  ///< each empty: the paper's
  std::string sides;
  std::string sizes;
  std::string shares;
  std::string networks;
  std::string network = "tiny";  ///< of dims and data
  std::string evaluation;
  std::string evaluation_people;
  std::string runs;
  TrainingOptions training;
  std::string report;
  // map
  std::string method = "tsne";
  double perplexity = 30;
  int most = 1000;
  int thumbnail = 40;
};

/// A line of one of the paper's tables, and ours beside it.
struct ExperimentRow {
  std::string setting;
  std::optional<double> x{};            ///< the setting as a number
  std::optional<double> paper{};        ///< VAL at FAR 0.001 on the authors' own hold-out set
  std::optional<double> paper_error{};  ///< its standard error
  std::optional<Verification> here{};   ///< absent where the training came to nothing
  std::string note{};
  Json more = Json::object();  ///< further numbers, by key
};

struct ExperimentTable {
  std::string experiment;
  std::string heading;
  std::string source;        ///< in the paper
  std::string setting;       ///< name of the column
  std::string key;           ///< the same for scripts
  std::string data;          ///< on what it was measured here
  bool logarithmic = false;  ///< the settings, in the chart
  std::vector<ExperimentRow> rows;
};

/// Text, JSON or CSV as the options ask, and the report.
void give(const Common& common, const ExperimentTable& table, const std::string& report, Output& output);

int experiment_images(const Common& common, const ExperimentOptions& options, bool jpeg, Output& output);
/// `kind`: dims, data or flops.
int experiment_training(const Common& common, ExperimentOptions options, const std::string& kind, Output& output);
int experiment_map(const Common& common, const ExperimentOptions& options);

}  // namespace facenet::program
