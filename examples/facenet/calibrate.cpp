// facenet calibrate: thresholds, probabilities and their evidence into a model file; or whether they hold for others.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include <facenet/codes.hpp>
#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/verifier.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
#include "gallery.hpp"
#include "pair_faces.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

// A rate that rests on fewer false accepts is known to less than 30 %, at 90 % confidence (Doddington 2000).
constexpr std::int64_t kEnough = 30;

struct Options {
  FaceOptions faces;
  std::string pairs;
  std::string root;
  std::string lfw;
  std::string folds;
  std::string folder;
  std::string people;
  std::string embeddings;
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

// How long the embeddings of an .npy were, of each row; empty where the .csv beside it does not say.
std::vector<float> norms_beside(const std::string& npy) {
  std::vector<float> norms;
  const auto table = CsvTable::open(csv_beside(npy));
  if (!table.has_column("norm")) return norms;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    norms.push_back(static_cast<float>(table.number(i, table.column("norm"))));
  }
  return norms;
}

PairDistances of_list(const PairList& list, const PairRows& rows, const Embeddings& embeddings, std::size_t& left_out) {
  const auto people = people_of(list);
  std::vector<ScoredPair> pairs;
  for (std::size_t i = 0; i < list.pairs.size(); ++i) {
    const FacePair& pair = list.pairs[i];
    const auto a = rows.find(pair.a);
    const auto b = rows.find(pair.b);
    if (a == rows.end() || b == rows.end()) {
      ++left_out;
      continue;
    }
    pairs.push_back({squared_distance(embeddings[a->second], embeddings[b->second]), pair.same, pair.fold,
                     people[i].first, people[i].second});
  }
  return PairDistances(pairs);
}

Evidence from_list(const Common& common, const Model& model, const Options& options, Failures& failures) {
  const bool lfw = !options.lfw.empty();
  const fs::path folder = options.lfw;
  fs::path root = lfw ? folder : options.root.empty() ? fs::path(options.pairs).parent_path() : fs::path(options.root);
  if (lfw && fs::is_directory(folder / "images")) root = folder / "images";
  PairList list = lfw ? read_lfw(folder / "pairs.txt", root) : read_pairs_csv(options.pairs);
  std::string data = printable(lfw ? folder / "pairs.txt" : fs::path(options.pairs));
  if (!options.folds.empty()) {
    const auto folds = parse_folds(options.folds, list.folds);
    std::erase_if(list.pairs,
                  [&](const FacePair& pair) { return !std::binary_search(folds.begin(), folds.end(), pair.fold); });
    data += ", folds " + options.folds;
  }
  FaceOptions faces = options.faces;
  if (lfw && faces.landmarks.empty() && model.contract().template_points && fs::exists(folder / "landmarks.csv")) {
    faces.landmarks = folder / "landmarks.csv";
  }
  Embeddings embeddings;
  std::vector<float> norms;
  const PairRows rows = options.embeddings.empty()
                            ? embed_pairs(common, model, list, root, faces, embeddings, norms, failures)
                            : find_rows(names_of(list), options.embeddings, embeddings, failures);
  if (!options.embeddings.empty()) {
    const auto known = norms_beside(options.embeddings);
    for (const auto& [name, row] : rows) {
      if (!known.empty()) norms.push_back(known[row]);
    }
  }
  std::size_t left_out = 0;
  Evidence evidence{of_list(list, rows, embeddings, left_out), data, rows.size() + failures.size(), std::move(norms)};
  if (left_out > 0)
    say(common, grouped(static_cast<std::int64_t>(left_out)) + " pairs were left out, as an image failed");
  return evidence;
}

Evidence from_people(const Common& common, const Model& model, const Options& options, Failures& failures) {
  Embeddings embeddings;
  std::vector<std::string> names;  // of the people, for each row
  std::vector<float> norms;
  std::optional<std::set<std::string>> wanted;
  if (!options.people.empty()) wanted = read_names(options.people);
  const auto take = [&](const std::string& person) { return !wanted || wanted->contains(person); };
  if (!options.embeddings.empty()) {
    const Embeddings all = read_embeddings(options.embeddings);
    const auto files = files_beside(options.embeddings, all.size());
    const auto known = norms_beside(options.embeddings);
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string person = fs::path(files[i]).parent_path().filename().string();
      if (!take(person)) continue;
      names.push_back(person);
      embeddings.append(all[i]);
      if (!known.empty()) norms.push_back(known[i]);
    }
  } else {
    auto inputs = people_inputs(common, options.folder, failures);
    std::erase_if(inputs, [&](const Input& input) { return !take(person_of(input)); });
    Faces faces = embed_inputs(common, model, inputs, options.faces, failures);
    for (const Face& face : faces.faces) {
      names.push_back(person_of(face.input));
      norms.push_back(face.norm);
    }
    embeddings = std::move(faces.embeddings);
  }
  std::map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> labels;
  for (const auto& name : names) {
    labels.push_back(numbers.try_emplace(name, static_cast<std::int32_t>(numbers.size())).first->second);
  }
  Progress progress(common, "comparing");
  const auto pairs = PairDistances::of_people(
      embeddings, labels, [&](double share) { progress.show(share); }, interrupted());
  const std::string source = options.embeddings.empty() ? options.folder : options.embeddings;
  return {pairs,
          "all pairs of " + grouped(static_cast<std::int64_t>(names.size())) + " images of " +
              grouped(static_cast<std::int64_t>(numbers.size())) + " people of " + printable(source) +
              (options.people.empty() ? "" : ", those in " + printable(options.people)),
          names.size() + failures.size(), std::move(norms)};
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
    json["reliability"].push_back({{"probability", bin.probability}, {"same", bin.same}, {"pairs", bin.pairs}});
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
  Table result{{"probability given", "share that was the same person", "pairs"}, {}};
  for (const auto& bin : check.reliability) {
    result.rows.push_back({percent(bin.probability), percent(bin.same), grouped(bin.pairs)});
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
  report.tables.push_back({"Probabilities", "As many same as different pairs, by weight.",
                           std::move(reliability.columns), std::move(reliability.rows)});
  report.footer = "FaceNetLib " + std::string(version());
  write_file(file, render_html(report));
}

void require_sources(const Options& options) {
  const bool list = !options.pairs.empty() || !options.lfw.empty();
  const int sources = static_cast<int>(!options.pairs.empty()) + static_cast<int>(!options.lfw.empty()) +
                      static_cast<int>(!options.folder.empty());
  if (sources > 1 || (sources == 0 && options.embeddings.empty()) ||
      (!options.folder.empty() && !options.embeddings.empty())) {
    throw UsageError(
        "whose faces? Give one of --pairs F.csv, --lfw DIR, --folder ROOT (ROOT/person/image), or --embeddings F.npy "
        "of "
        "such a folder");
  }
  if (!options.people.empty() && list) throw UsageError("--people goes with --folder or --embeddings: all their pairs");
  if (!options.folds.empty() && !list) throw UsageError("--folds goes with --lfw or --pairs");
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
  const bool list = !options.pairs.empty() || !options.lfw.empty();
  const Evidence evidence =
      list ? from_list(common, model, options, failures) : from_people(common, model, options, failures);
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
  app.add_option("--pairs", options->pairs, "CSV with file_a, file_b, same, perhaps fold")->type_name("FILE");
  app.add_option("--root", options->root, "Folder that the files of --pairs are in (that of the list)")
      ->type_name("DIR");
  app.add_option("--lfw", options->lfw, "Folder with images/, pairs.txt and perhaps landmarks.csv")->type_name("DIR");
  app.add_option("--folds", options->folds, "Only these folds, like 1-4")->type_name("LIST");
  app.add_option("--folder", options->folder, "All pairs of the images ROOT/person/image")->type_name("ROOT");
  app.add_option("--people", options->people, "Only the people of this list, a name a line")->type_name("LIST");
  app.add_option("--embeddings", options->embeddings, "Take the embeddings from here (.npy with its .csv)")
      ->type_name("FILE");
  app.add_option("--far", options->far, "The share of different people that the threshold is to accept (0.001)")
      ->type_name("R");
  app.add_flag("--check", options->check, "Write nothing: is the model's calibration right about these people?");
  app.add_option("--report", options->report, "A page with curves and tables (.html)")->type_name("FILE");
  add_face_options(app, options->faces, "largest");
  app.add_option("-o,--output", common.output, "The model file to write")->type_name("FILE");
  app.add_flag("--json", common.json, "Give JSON");
  return [options, &common] { return calibrate(common, *options); };
}

}  // namespace facenet::program
