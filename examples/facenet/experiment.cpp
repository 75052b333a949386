// facenet experiment: which one, its options, and its table.
#include "experiment.hpp"

#include <algorithm>
#include <memory>

#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"

namespace facenet::program {
namespace {

constexpr double kFar = 1e-3;

const ValAtFar* val_at(const Verification& result, double far) {
  const auto found = std::find_if(result.val.begin(), result.val.end(),
                                  [far](const ValAtFar& point) { return point.far == far && point.supported; });
  return found == result.val.end() ? nullptr : &*found;
}

std::vector<std::string> header_of(const ExperimentTable& table) {
  return {table.setting, "paper VAL", "VAL here", "95 % interval", "VAL at 0.01", "accuracy", "AUC", ""};
}

std::vector<std::vector<std::string>> rows_of(const ExperimentTable& table) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : table.rows) {
    std::string paper = row.paper ? percent(*row.paper, 1) : "-";
    if (row.paper_error) paper += " +- " + fixed(100 * *row.paper_error, 1);
    std::vector<std::string> cells{row.setting, paper, "-", "-", "-", "-", "-", row.note};
    if (row.here) {
      if (const auto* val = val_at(*row.here, kFar)) {
        cells[2] = percent(val->val, 1);
        cells[3] = percent(val->low, 1) + " to " + percent(val->high, 1);
      }
      if (const auto* val = val_at(*row.here, 1e-2)) cells[4] = percent(val->val, 1);
      cells[5] = percent(row.here->accuracy);
      if (row.here->accuracy_se > 0) cells[5] += " +- " + fixed(100 * row.here->accuracy_se, 2);
      cells[6] = fixed(row.here->auc, 4);
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

Json json_of(const ExperimentTable& table) {
  Json json{{"experiment", table.experiment}, {"paper", table.source}, {"data", table.data}, {"rows", Json::array()}};
  for (const auto& row : table.rows) {
    Json one{{table.key, row.x ? Json(*row.x) : Json()}, {"paper_val", row.paper ? Json(*row.paper) : Json()}};
    if (row.paper_error) one["paper_se"] = *row.paper_error;
    for (const auto& [key, far] : {std::pair("val", kFar), std::pair("val_at_0.01", 1e-2)}) {
      const auto* val = row.here ? val_at(*row.here, far) : nullptr;
      one[key] = val != nullptr ? Json(val->val) : Json();
      if (far == kFar && val != nullptr) {
        one["low"] = val->low;
        one["high"] = val->high;
      }
    }
    if (row.here) {
      one["accuracy"] = row.here->accuracy;
      one["accuracy_se"] = row.here->accuracy_se;
      one["auc"] = row.here->auc;
    }
    one.update(row.more);
    if (!row.note.empty()) one["note"] = row.note;
    json["rows"].push_back(std::move(one));
  }
  return json;
}

void write_csv(const ExperimentTable& table, Output& output) {
  output.row({table.key, "paper_val", "val", "low", "high", "val_at_0.01", "accuracy", "auc", "note"});
  for (const auto& row : table.rows) {
    const auto* val = row.here ? val_at(*row.here, kFar) : nullptr;
    const auto* coarse = row.here ? val_at(*row.here, 1e-2) : nullptr;
    const auto cell = [](const auto* point, double value) { return point != nullptr ? text_of(value) : std::string(); };
    output.row({row.x ? text_of(*row.x) : "", row.paper ? text_of(*row.paper) : "", cell(val, val ? val->val : 0),
                cell(val, val ? val->low : 0), cell(val, val ? val->high : 0), cell(coarse, coarse ? coarse->val : 0),
                row.here ? text_of(row.here->accuracy) : "", row.here ? text_of(row.here->auc) : "", row.note});
  }
}

std::string html_of(const ExperimentTable& table) {
  Report report;
  report.title = table.heading;
  report.subtitle = table.data;
  ReportChart chart;
  chart.heading = "VAL at FAR 0.001";
  chart.series = {{"here", {}, true, {}}, {"paper", {}, true, {}}};
  double least = 1e300;
  double most = 0;
  for (const auto& row : table.rows) {
    if (!row.x) continue;
    const auto* val = row.here ? val_at(*row.here, kFar) : nullptr;
    if (val != nullptr) {
      chart.series[0].points.push_back({*row.x, val->val});
      chart.series[0].band.push_back({val->low, val->high});
    }
    if (row.paper) chart.series[1].points.push_back({*row.x, *row.paper});
    least = std::min(least, *row.x);
    most = std::max(most, *row.x);
  }
  if (most <= least) most = least + 1;  // one setting, or none
  chart.x = {table.setting, table.logarithmic ? least / 1.2 : std::min(0.0, least),
             table.logarithmic ? most * 1.2 : most, table.logarithmic ? ReportScale::logarithmic : ReportScale::linear,
             false};
  chart.y = {"VAL", 0, 1, ReportScale::linear, true};
  chart.note =
      "The paper's networks, data and faces are others: compare the shapes, not the heights. Shaded: 95 % interval.";
  report.charts.push_back(chart);
  report.tables.push_back({"Table", table.source, header_of(table), rows_of(table)});
  report.footer = "FaceNetLib " + std::string(version());
  return render_html(report);
}

const std::vector<std::string> kKinds{"jpeg", "pixels", "dims", "data", "flops", "map"};

int run_experiment(const Common& common, const ExperimentOptions& options) {
  if (common.arguments.empty()) throw UsageError("which experiment? jpeg, pixels, dims, data, flops or map");
  const std::string& kind = common.arguments[0];
  require_name("experiment", kind, kKinds);
  if (kind == "map") return experiment_map(common, options);
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  output.single();
  if (!options.report.empty()) {
    if (!options.report.ends_with(".html")) throw UsageError("'" + printable(options.report) + "' is to end in .html");
    require_writable(options.report);
  }
  if (kind == "jpeg" || kind == "pixels") return experiment_images(common, options, kind == "jpeg", output);
  return experiment_training(common, options, kind, output);
}

}  // namespace

void give(const Common& common, const ExperimentTable& table, const std::string& report, Output& output) {
  if (output.json()) {
    output.object(json_of(table));
  } else if (output.csv()) {
    write_csv(table, output);
  } else {
    output.write(table.heading + "\n" + program::table(header_of(table), rows_of(table)));
  }
  if (!report.empty()) write_file(report, html_of(table));
  output.finish();
  say(common, "VAL is at FAR 0.001. Paper: " + table.source + ".\nHere: " + table.data + ".");
}

Run setup_experiment(CLI::App& app, Common& common) {
  const auto options = std::make_shared<ExperimentOptions>();
  auto& t = options->training;
  t.people_per_batch = 24;
  t.images_per_person = 6;
  t.optimizer = "adam";
  t.learning_rate = 0.001F;
  t.schedule = "cosine";
  add_model_option(app, common);
  app.add_option("--qualities", options->qualities, "jpeg: the qualities (10,20,30,50,70,90)")->type_name("LIST");
  app.add_option("--sides", options->sides, "pixels: the images' sides in pixels (40,80,120,160,256)")
      ->type_name("LIST");
  add_test_options(app, options->test);
  app.add_option("--sizes", options->sizes, "dims: the embeddings' sizes (64,128,256,512)")->type_name("LIST");
  app.add_option("--shares", options->shares, "data: the shares of the people (0.01,0.1,0.2,1)")->type_name("LIST");
  app.add_option("--networks", options->networks, "flops: the networks (nn4,nns1,nns2)")->type_name("LIST");
  app.add_option("--arch", options->network, "dims, data: the network (tiny)")->type_name("ARCH");
  app.add_option("--eval", options->evaluation,
                 "dims, data, flops: test on the people of this folder (otherwise every "
                 "fifth person of DATA is kept for it)")
      ->type_name("DIR");
  app.add_option("--eval-people", options->evaluation_people, "Only these people of it")->type_name("LIST.txt");
  app.add_option("--runs", options->runs,
                 "dims, data, flops: where the networks are kept, finished and begun; the same "
                 "command goes on there (experiment-NAME)")
      ->type_name("DIR");
  app.add_option("--steps", t.steps, "Train each network for so many batches")->type_name("N");
  app.add_option("--minutes", t.minutes, "or for so long (2)")->type_name("M");
  app.add_option("--people-per-batch", t.people_per_batch, "People in a batch")->capture_default_str();
  app.add_option("--images-per-person", t.images_per_person, "Images of each")->capture_default_str();
  app.add_option("--optimizer", t.optimizer, "adagrad, sgd or adam")->capture_default_str();
  app.add_option("--learning-rate", t.learning_rate, "At the start")->capture_default_str();
  app.add_option("--schedule", t.schedule, "constant, cosine, linear or step")->capture_default_str();
  app.add_option("--augment", t.augment, "none, flip, standard, strong or degraded")->capture_default_str();
  app.add_option("--method", options->method, "map: tsne or pca (tsne)")->type_name("NAME");
  app.add_option("--perplexity", options->perplexity, "map: how many neighbours of a face tsne looks at (30)")
      ->type_name("N");
  app.add_option("--most", options->most, "map: at most so many faces, evenly chosen (1000)")->type_name("N");
  app.add_option("--thumbnail", options->thumbnail, "map: pixels a side of each face (40)")->type_name("N");
  app.add_option("--report", options->report, "All but map: a page with chart and table (.html)")->type_name("FILE");
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json, .csv; map: .html, .png or .csv");
  return [options, &common] { return run_experiment(common, *options); };
}

}  // namespace facenet::program
