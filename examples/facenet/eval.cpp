// facenet eval: verification by the LFW protocol.
#include <algorithm>
#include <memory>

#include <facenet/codes.hpp>
#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
#include "eval_curves.hpp"
#include "eval_folder.hpp"
#include "eval_groups.hpp"
#include "eval_test.hpp"
#include "shared_people.hpp"

namespace facenet::program {
namespace {

struct Options {
  TestOptions test;
  GroupOptions groups;
  std::string report;
  std::string curves;
  std::optional<float> threshold{};
};

std::string result_text(const Verification& result, const SharedPeople& people,
                        const std::vector<GroupResult>& groups) {
  std::string text = verification_text(result, rows_of(people));
  if (!groups.empty()) text += "\n" + table(group_columns(), group_rows(groups));
  return text;
}

void write_csv(Output& output, const Test& test, const Scored& scored) {
  output.row({"file_a", "file_b", "same", "fold", "distance"});
  for (std::size_t i = 0; i < scored.pairs.size(); ++i) {
    const ScoredPair& pair = scored.pairs[i];
    const PairNames names = names_of_pair(test, scored.numbers[i]);
    output.row(
        {names.names[0], names.names[1], pair.same ? "1" : "0", std::to_string(pair.fold), text_of(pair.distance)});
  }
}

// Options that make no sense without a list of pairs.
void refuse_without_pairs(const Options& options, const Output& output) {
  for (const auto& [given, option] :
       {std::pair(!options.test.embeddings.empty(), "--embeddings"), std::pair(!options.test.codes.empty(), "--codes"),
        std::pair(!options.groups.column.empty(), "--group-by"),
        std::pair(options.threshold.has_value(), "--threshold")}) {
    if (given) throw UsageError(std::string(option) + " needs a list of pairs; there is no pairs.txt");
  }
  if (output.csv()) throw UsageError("--csv gives the pairs of a list; there is no pairs.txt");
  if (!options.test.folds.empty()) {
    throw UsageError("--folds chooses among the folds of a list; there is no pairs.txt");
  }
}

int evaluate(const Common& common, const Options& options) {
  require_arguments(common, 0, 0, "no arguments beside options such as --lfw DIR");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  output.single();
  if (!options.report.empty()) {
    if (!options.report.ends_with(".html")) throw UsageError("'" + printable(options.report) + "' is to end in .html");
    require_writable(options.report);
  }
  require_curves_file(options.curves);
  if (options.test.codes.empty() != options.test.codes_from.empty() ||
      (options.test.codes_both && options.test.codes.empty())) {
    throw UsageError("--codes FORM needs --codes-from KNOWN.npy, embeddings of other people to calibrate it on");
  }
  if (!options.test.codes.empty()) Codec::require_form(options.test.codes);
  const Test test = open_test(options.test);
  if (!test.has_pairs()) {
    refuse_without_pairs(options, output);
    FaceOptions faces = options.test.faces;
    faces.landmarks = test.landmarks;
    return evaluate_folder(common, test.root.string(), faces, options.report, options.curves, output);
  }
  std::optional<Groups> columns;  // a wrong name is said before the work
  if (!options.groups.column.empty()) columns.emplace(options.groups, test);
  Failures failures;
  const Scored scored = score(common, options.test, test, failures);
  if (scored.pairs.empty()) {
    if (failures.empty()) throw UsageError("there are no pairs to evaluate");
    return failures.report(failures.size());
  }
  VerificationOptions verification;
  verification.threshold = options.threshold;
  const auto different = std::count_if(scored.pairs.begin(), scored.pairs.end(), [](const auto& p) { return !p.same; });
  for (const double far : {1e-4, 1e-5, 1e-6}) {
    if (static_cast<double>(different) * far >= 1) verification.far.push_back(far);
  }
  Verification result;
  try {
    result = evaluate_verification(scored.pairs, verification);
  } catch (const InvalidArgument& error) {
    if (failures.empty()) throw;
    // What failed is why: too little is left.
    failures.report(scored.images);
    throw FormatError(std::string("what is left cannot be evaluated: ") + error.what());
  }
  const SharedPeople people = shared_people(scored.model, scored.people);
  warn_of(common, people);
  std::vector<GroupResult> groups;
  if (columns) {
    // The whole first, to compare with.
    groups = evaluate_groups(scored.pairs, std::vector<std::string>(scored.pairs.size(), "(all)"), result);
    const auto parts = evaluate_groups(scored.pairs, columns->of(scored), result);
    groups.insert(groups.end(), parts.begin(), parts.end());
  }

  if (output.json()) {
    Json json = verification_json(result);
    if (!groups.empty()) {
      json["groups"] = groups_json(groups);
      json["overall"] = json["groups"][0];
      json["groups"].erase(0);
    }
    json["people_trained_on"] = json_of(people);
    json["left_out"] = scored.left_out;
    output.object(std::move(json));
  } else if (output.csv()) {
    write_csv(output, test, scored);
  } else {
    output.write(result_text(result, people, groups));
  }
  Curves curves;
  if (!options.report.empty() || !options.curves.empty()) curves.roc = thinned_roc(scored.pairs);
  if (!options.curves.empty()) write_curves(options.curves, curves);
  if (!options.report.empty()) {
    Report report;
    report.title = "Verification";
    report.subtitle = scored.model_words + " on " + test.data;
    report.figures = {{"accuracy", percent(result.accuracy), "± " + percent(result.accuracy_se)},
                      {"AUC", fixed(result.auc, 4), ""},
                      {"EER", percent(result.eer), ""}};
    if (!groups.empty()) {
      report.tables.push_back({"By " + options.groups.column,
                               "Each group at the thresholds of the whole. Intervals of 95 %, over people where it is "
                               "known whose the pairs are.",
                               group_columns(), group_rows(groups)});
    }
    report.charts = charts_of(curves);
    report.verification = ReportVerification{"Pairs", scored.pairs, result};
    if (scored.model) report.calibration = calibration_on(*scored.model, scored.pairs);
    report.footer = "FaceNetLib " + std::string(version());
    write_file(options.report, render_html(report));
  }
  output.finish();
  if (scored.left_out > 0) {
    say(common, std::to_string(scored.left_out) + " of " + std::to_string(test.pairs()) +
                    " pairs were left out, as an image of theirs failed");
  }
  if (output.text()) {
    say(common,
        "\nTo decide with the threshold found here: facenet verify A B --threshold " + text_of(result.threshold));
  }
  return failures.report(scored.images);
}

}  // namespace

Run setup_eval(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  add_test_options(app, options->test);
  add_group_options(app, options->groups);
  app.add_option("--threshold", options->threshold, "Measure at this threshold instead of choosing one")
      ->type_name("T");
  app.add_option("--report", options->report, "A page with curves and tables (.html)")->type_name("FILE");
  add_curves_option(app, options->curves);
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json, .csv (the pairs with their distances)");
  return [options, &common] { return evaluate(common, *options); };
}

}  // namespace facenet::program
