// facenet calibrate: thresholds, probabilities and their evidence into a model file; or whether they hold for others.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/verifier.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
#include "embedded_faces.hpp"
#include "eval_test.hpp"
#include "gallery.hpp"
#include "pair_faces.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

// A rate that rests on fewer false accepts is known to less than 30 %, at 90 % confidence (Doddington 2000).
constexpr std::int64_t kEnough = 30;

struct Options {
  TestOptions test;  // those of its options that calibrate has
  std::string folder;
  std::string people;
  double far = 1e-3;
  bool check = false;
  std::string report;
};

struct Evidence {
  PairDistances pairs;
  std::string data;  ///< in words
  std::size_t images = 0;
  std::vector<float> norms{};  ///< of the embeddings, where they are known
};

Evidence from_list(const Common& common, const Options& options, Failures& failures) {
  const Test test = open_test(options.test);
  if (!test.list) {
    throw IoError("'" + printable(options.test.lfw) +
                  "' has no pairs.txt; --folder takes all pairs of a folder of people");
  }
  Scored scored = score(common, options.test, test, failures);
  if (scored.people.empty()) {  // folders do not tell
    std::vector<FacePair> kept;
    for (const std::size_t number : scored.numbers) kept.push_back(test.list->pairs[number]);
    const auto people = people_of(kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      scored.pairs[i].person_a = people[i].first;
      scored.pairs[i].person_b = people[i].second;
    }
  }
  if (scored.left_out > 0)
    say(common, grouped(static_cast<std::int64_t>(scored.left_out)) + " pairs were left out, as an image failed");
  return {PairDistances(scored.pairs), test.data, scored.images, std::move(scored.norms)};
}

Evidence from_people(const Common& common, const Model& model, const Options& options, Failures& failures) {
  std::optional<std::set<std::string>> wanted;
  if (!options.people.empty()) wanted = read_names(options.people);
  const auto take = [&](const std::string& person) { return !wanted || wanted->contains(person); };
  const bool embedded = !options.test.embeddings.empty();
  Faces faces;
  if (embedded) {
    faces = read_faces(options.test.embeddings);
  } else {
    auto inputs = people_inputs(common, options.folder, failures);
    std::erase_if(inputs, [&](const Input& input) { return !take(person_of(input)); });
    faces = embed_inputs(common, model, inputs, options.test.faces, failures);
  }
  Embeddings embeddings;
  std::vector<float> norms;
  std::map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const Face& face = faces.faces[i];
    const std::string person = embedded ? face.input.path.parent_path().filename().string() : person_of(face.input);
    if (!take(person)) continue;
    embeddings.append(faces.embeddings[i]);
    norms.push_back(face.norm);
    labels.push_back(numbers.try_emplace(person, static_cast<std::int32_t>(numbers.size())).first->second);
  }
  Progress progress(common, "comparing");
  const auto pairs = PairDistances::of_people(
      embeddings, labels, [&](double share) { progress.show(share); }, interrupted());
  const std::string& source = embedded ? options.test.embeddings : options.folder;
  return {pairs,
          "all pairs of " + grouped(static_cast<std::int64_t>(labels.size())) + " images of " +
              grouped(static_cast<std::int64_t>(numbers.size())) + " people of " + printable(source) +
              (options.people.empty() ? "" : ", those in " + printable(options.people)),
          labels.size() + failures.size(), std::move(norms)};
}

Json interval_json(const std::optional<Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json();
}

Json json_of(const Calibration& calibration, const CalibrationCheck& check, bool checked) {
  Json json{{"data", calibration.data},
            {"same_pairs", check.same_pairs},
            {"different_pairs", check.different_pairs},
            {"people", check.people},
            {"threshold", number(calibration.threshold)},
            {"far", calibration.far ? Json(*calibration.far) : Json()},
            {"slope", calibration.slope},
            {"offset", calibration.offset},
            {"norm", calibration.norm ? number(*calibration.norm) : Json()},
            {"brier", check.brier},
            {"points", Json::array()},
            {"reliability", Json::array()}};
  for (std::size_t i = 0; i < check.points.size(); ++i) {
    const OperatingPoint& point = checked ? check.points[i].measured : calibration.points[i];
    Json entry{{"far", point.far},
               {"far_interval", interval_json(point.far_interval)},
               {"threshold", number(point.threshold)},
               {"val", point.val},
               {"val_interval", interval_json(point.val_interval)},
               {"false_accepts", point.false_accepts}};
    if (checked) entry["wanted_far"] = check.points[i].wanted_far;
    json["points"].push_back(std::move(entry));
  }
  for (const auto& bin : check.reliability) {
    json["reliability"].push_back({{"probability", bin.probability},
                                   {"same", bin.same},
                                   {"same_interval", interval_json(bin.same_interval)},
                                   {"pairs", bin.pairs}});
  }
  return json;
}

// A rate in as many digits as people can read: 0.00123 as "1.2e-03".
std::string rate(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1e", value);
  return digits;
}

std::string range(const std::optional<Interval>& interval, std::string (*text)(double)) {
  return interval ? text(interval->low) + " to " + text(interval->high) : "";
}

std::string percents(double value) { return percent(value); }

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

Table points_table(const Calibration& calibration, const CalibrationCheck& check, bool checked) {
  Table result;
  result.columns = {"FAR", "95 %, by people", "false accepts", "threshold", "VAL", "95 %, by people"};
  if (checked) result.columns.insert(result.columns.begin(), "wanted FAR");
  for (std::size_t i = 0; i < check.points.size(); ++i) {
    const OperatingPoint& point = checked ? check.points[i].measured : calibration.points[i];
    std::vector<std::string> row{rate(point.far),
                                 range(point.far_interval, rate),
                                 grouped(point.false_accepts) + (point.false_accepts < kEnough ? " (few)" : ""),
                                 fixed(static_cast<double>(point.threshold), 4),
                                 percent(point.val),
                                 range(point.val_interval, percents)};
    if (checked) row.insert(row.begin(), rate(check.points[i].wanted_far));
    result.rows.push_back(std::move(row));
  }
  return result;
}

Table reliability_table(const CalibrationCheck& check) {
  Table result{{"probability given", "share that was the same person", "95 %, by people", "pairs"}, {}};
  for (const auto& bin : check.reliability) {
    result.rows.push_back(
        {percent(bin.probability), percent(bin.same), range(bin.same_interval, percents), grouped(bin.pairs)});
  }
  return result;
}

std::string threshold_text(const Calibration& calibration) {
  return "threshold " + fixed(static_cast<double>(calibration.threshold), 4) +
         (calibration.far ? " for FAR " + text_of(*calibration.far) : " for most right answers");
}

std::string text_of_result(const Calibration& calibration, const CalibrationCheck& check, bool checked) {
  const Table points = points_table(calibration, check, checked);
  const Table reliability = reliability_table(check);
  return grouped(check.same_pairs) + " same and " + grouped(check.different_pairs) + " different pairs" +
         (check.people > 0 ? " of " + grouped(check.people) + " people" : "") + "\n" + threshold_text(calibration) +
         (checked ? ", calibrated on " + printable(calibration.data) : "") + "\n" +
         table(points.columns, points.rows, 0) + "\nBrier score " + fixed(check.brier, 4) +
         (checked ? "" : " (on these same pairs)") + "\n" + table(reliability.columns, reliability.rows, 0);
}

void write_report(const std::string& file, const Model& model, const Evidence& evidence, const Calibration& calibration,
                  const CalibrationCheck& check, bool checked) {
  Report report;
  report.title = checked ? "A calibration on other people" : "Calibration";
  report.subtitle = "model " + model.fingerprint().substr(0, 16) + " on " + evidence.data;
  report.figures = {{"threshold", fixed(static_cast<double>(calibration.threshold), 3),
                     calibration.far ? "for FAR " + text_of(*calibration.far) : "for most right answers"},
                    {"different pairs", grouped(check.different_pairs), ""},
                    {"same pairs", grouped(check.same_pairs), ""},
                    {"people", check.people > 0 ? grouped(check.people) : "unknown", ""},
                    {"Brier score", fixed(check.brier, 4), checked ? "" : "same pairs"}};
  report.calibration = ReportCalibration{"VAL over FAR, and what probabilities are worth", calibration, check, checked};
  Table points = points_table(calibration, check, checked);
  report.tables.push_back({"Thresholds",
                           "(few): fewer than 30 false accepts say little about a rate; give more pairs, or take a "
                           "larger FAR. Intervals: 95 %, over draws of people.",
                           std::move(points.columns), std::move(points.rows)});
  Table reliability = reliability_table(check);
  report.tables.push_back({"Probabilities",
                           "Same and different pairs weigh the same together, and so do photographs. Intervals: 95 %, "
                           "over draws of people.",
                           std::move(reliability.columns), std::move(reliability.rows)});
  report.footer = "FaceNetLib " + std::string(version());
  write_file(file, render_html(report));
}

void require_sources(const Options& options) {
  const bool list = !options.test.pairs.empty() || !options.test.lfw.empty();
  const int sources = static_cast<int>(!options.test.pairs.empty()) + static_cast<int>(!options.test.lfw.empty()) +
                      static_cast<int>(!options.folder.empty());
  if (sources > 1 || (sources == 0 && options.test.embeddings.empty()) ||
      (!options.folder.empty() && !options.test.embeddings.empty())) {
    throw UsageError(
        "whose faces? Give one of --pairs F.csv, --lfw DIR, --folder ROOT (ROOT/person/image), or --embeddings F.npy "
        "of "
        "such a folder");
  }
  if (!options.people.empty() && list) throw UsageError("--people goes with --folder or --embeddings: all their pairs");
  if (!options.test.folds.empty() && !list) throw UsageError("--folds goes with --lfw or --pairs");
  if (!(options.far > 0 && options.far < 1)) throw UsageError("--far is a share: between 0 and 1");
}

int calibrate(const Common& common, const Options& options) {
  require_arguments(common, 0, 0, "--pairs F.csv, --lfw DIR or --folder ROOT");
  require_sources(options);
  Common to_people = common;  // -o is the model
  to_people.output.clear();
  Output output(to_people, {Kind::text, Kind::json});
  output.single();
  if (common.output.empty() && !options.check) {
    throw UsageError("give -o FILE, the model file to write; or --check, to see what its calibration is worth here");
  }
  if (!common.output.empty() && options.check) throw UsageError("--check writes no model: leave -o away");
  if (!common.output.empty()) require_writable(common.output);
  if (!options.report.empty()) {
    if (!options.report.ends_with(".html")) throw UsageError("'" + printable(options.report) + "' is to end in .html");
    require_writable(options.report);
  }
  const Model model = Model::load(model_path(common));
  if (options.check && !model.calibration()) throw UsageError("--check: the model has no calibration");
  Failures failures;
  const bool list = !options.test.pairs.empty() || !options.test.lfw.empty();
  const Evidence evidence = list ? from_list(common, options, failures) : from_people(common, model, options, failures);
  Calibration calibration =
      options.check ? *model.calibration() : Verifier::calibrate(evidence.pairs, evidence.data, options.far);
  if (!options.check) calibration.norm = reference_norm(evidence.norms);
  const CalibrationCheck check = Verifier::check(calibration, evidence.pairs);
  if (output.json()) {
    output.object(json_of(calibration, check, options.check));
  } else {
    output.write(text_of_result(calibration, check, options.check));
  }
  if (!options.report.empty()) write_report(options.report, model, evidence, calibration, check, options.check);
  if (!options.check) {
    model.with_calibration(calibration).save(common.output);
    const double accepts = options.far * static_cast<double>(check.different_pairs);
    if (accepts < static_cast<double>(kEnough)) {
      warn(common, "FAR " + text_of(options.far) + " rests on " + grouped(static_cast<std::int64_t>(accepts)) +
                       " false accepts: " + grouped(std::llround(static_cast<double>(kEnough) / options.far)) +
                       " different pairs would make it 30, enough for a rate to trust");
    }
    say(common, "wrote " + printable(common.output));
  }
  output.finish();
  return failures.report(evidence.images);
}

}  // namespace

Run setup_calibrate(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  app.add_option("--pairs", options->test.pairs, "CSV with file_a, file_b, same, perhaps fold")->type_name("FILE");
  app.add_option("--root", options->test.root, "Folder that the files of --pairs are in (that of the list)")
      ->type_name("DIR");
  app.add_option("--lfw", options->test.lfw, "Folder with images/, pairs.txt and perhaps landmarks.csv")
      ->type_name("DIR");
  app.add_option("--folds", options->test.folds, "Only these folds, like 1-4")->type_name("LIST");
  app.add_option("--folder", options->folder, "All pairs of the images ROOT/person/image")->type_name("ROOT");
  app.add_option("--people", options->people, "Only the people of this list, a name a line")->type_name("LIST");
  app.add_option("--embeddings", options->test.embeddings,
                 "Take the embeddings from here (.npy with its .csv, or .npz)")
      ->type_name("FILE");
  app.add_option("--far", options->far, "The share of different people that the threshold is to accept (0.001)")
      ->type_name("R");
  app.add_flag("--check", options->check, "Write nothing: is the model's calibration right about these people?");
  app.add_option("--report", options->report, "A page with curves and tables (.html)")->type_name("FILE");
  add_face_options(app, options->test.faces, "largest");
  app.add_option("-o,--output", common.output, "The model file to write")->type_name("FILE");
  app.add_flag("--json", common.json, "Give JSON");
  return [options, &common] { return calibrate(common, *options); };
}

}  // namespace facenet::program
