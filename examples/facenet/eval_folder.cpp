// facenet eval --lfw without a list of pairs: everything at once on a folder of people: verification, identification,
// clustering.
#include "eval_folder.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <facenet/clusterer.hpp>
#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/version.hpp>

#include "contact_sheet.hpp"
#include "eval_curves.hpp"
#include "shared_people.hpp"

namespace facenet::program {
namespace {

struct Result {
  std::vector<ScoredPair> pairs;
  Verification verification;
  Identification identification;
  Clustering clustering;
  ClusteringScores scores;
  float cluster_threshold = 0;
  std::string cluster_threshold_from;
  SharedPeople shared;
  std::size_t people = 0;
  std::size_t gallery = 0;
};

// One image of each person who has more: the first by name. The others look for theirs.
Identification identify_first(const Faces& faces, const std::vector<std::int32_t>& labels, std::size_t& gallery_size) {
  std::map<std::int32_t, std::size_t> count;
  for (const auto label : labels) ++count[label];
  Embeddings gallery;
  Embeddings probes;
  std::vector<std::int32_t> gallery_labels;
  std::vector<std::int32_t> probe_labels;
  std::map<std::int32_t, bool> enrolled;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (count[labels[i]] < 2) continue;
    const bool first = !std::exchange(enrolled[labels[i]], true);
    (first ? gallery : probes).append(faces.embeddings[i]);
    (first ? gallery_labels : probe_labels).push_back(labels[i]);
  }
  gallery_size = gallery.size();
  return evaluate_identification(gallery, gallery_labels, probes, probe_labels, 5);
}

// As many folds as the LFW protocol has, where each then has a few people to compare.
std::int32_t folds_for(const std::vector<std::int32_t>& labels) {
  std::map<std::int32_t, int> count;
  for (const auto label : labels) ++count[label];
  const auto paired = std::count_if(count.begin(), count.end(), [](const auto& person) { return person.second > 1; });
  return static_cast<std::int32_t>(std::clamp<std::ptrdiff_t>(paired / 4, 1, 10));
}

std::set<std::string> folder_names(const Faces& faces) {
  std::set<std::string> names;
  for (const auto& face : faces.faces) names.insert(face.input.path.parent_path().filename().string());
  return names;
}

Result evaluate(const Model& model, const Faces& faces) {
  const auto labels = folder_labels(faces);
  Result r;
  r.people = std::set<std::int32_t>(labels.begin(), labels.end()).size();
  r.shared = shared_people(model, folder_names(faces));
  r.pairs = pairs_of_people(faces.embeddings, labels, folds_for(labels));
  r.verification = evaluate_verification(r.pairs);
  r.identification = identify_first(faces, labels, r.gallery);
  r.cluster_threshold = model.calibration() ? model.calibration()->threshold : r.verification.threshold;
  r.cluster_threshold_from =
      model.calibration() ? "the model's calibration" : "these same people's pairs, which flatters";
  r.clustering = Clusterer({.threshold = r.cluster_threshold}).cluster(faces.embeddings, {}, interrupted());
  r.scores = score_clustering(r.clustering.labels, labels);
  return r;
}

Json json_of(const Result& r, const Faces& faces) {
  Json json = verification_json(r.verification);
  json["images"] = faces.faces.size();
  json["people"] = r.people;
  json["people_trained_on"] = json_of(r.shared);
  json["identification"] = {
      {"gallery", r.gallery}, {"probes", r.identification.probes}, {"rank", r.identification.rank}};
  json["clustering"] = {{"threshold", number(r.cluster_threshold)},
                        {"threshold_from", r.cluster_threshold_from},
                        {"clusters", r.clustering.clusters()},
                        {"pairwise", scores_json(r.scores.pairwise)},
                        {"bcubed", scores_json(r.scores.bcubed)}};
  return json;
}

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const Result& r) {
  const auto score = [](const PrecisionRecall& s) {
    return percent(s.f) + " (precision " + percent(s.precision) + ", recall " + percent(s.recall) + ")";
  };
  return {{"identification, rank 1", percent(r.identification.rank.at(0)) + " of " + grouped(r.identification.probes) +
                                         " probes among " + grouped(static_cast<std::int64_t>(r.gallery)) +
                                         " people with one image each"},
          {"clusters", grouped(r.clustering.clusters()) + " for " + grouped(static_cast<std::int64_t>(r.people)) +
                           " people, at threshold " + fixed(static_cast<double>(r.cluster_threshold), 3) + " from " +
                           r.cluster_threshold_from},
          {"clustering, pairwise F", score(r.scores.pairwise)},
          {"clustering, BCubed F", score(r.scores.bcubed)}};
}

Curves curves_of(const Common& common, const Faces& faces, const Result& r) {
  const auto labels = folder_labels(faces);
  return {thinned_roc(r.pairs), open_set_of(faces.embeddings, labels), clustering_of(common, faces.embeddings, labels),
          r.cluster_threshold};
}

std::string report_of(const Common& common, const Model& model, const Faces& faces, const Result& r,
                      const Curves& curves, const std::string& subtitle) {
  Report report;
  report.title = "Face recognition on people the network has not seen";
  report.subtitle = subtitle;
  report.figures = {{"verification", percent(r.verification.accuracy), "± " + percent(r.verification.accuracy_se)},
                    {"rank-1 identification", percent(r.identification.rank.at(0)), ""},
                    {"clustering F", percent(r.scores.pairwise.f), "pairwise"},
                    {"AUC", fixed(r.verification.auc, 4), ""}};
  report.tables.push_back({"Identification and clustering", "", {}, rows_of(r)});
  report.charts = charts_of(curves);
  report.verification = ReportVerification{"Verification", r.pairs, r.verification};
  report.calibration = calibration_on(model, r.pairs);
  const std::optional<Embedder> embedder(std::in_place, model);
  report.sheets.push_back(contact_sheet(common, faces, r.clustering, embedder));
  report.footer = "FaceNetLib " + std::string(version());
  return render_html(report);
}

}  // namespace

Json verification_json(const Verification& result) {
  Json json{{"pairs", result.pairs},
            {"same_pairs", result.same_pairs},
            {"accuracy", result.accuracy},
            {"accuracy_se", result.accuracy_se},
            {"threshold", number(result.threshold)},
            {"threshold_from", result.threshold_from},
            {"auc", result.auc},
            {"eer", result.eer},
            {"val", Json::array()},
            {"folds", Json::array()}};
  for (const auto& point : result.val) {
    Json entry{{"far", point.far}, {"val", nullptr}, {"low", nullptr}, {"high", nullptr}, {"threshold", nullptr}};
    if (point.supported) {
      entry = {{"far", point.far},
               {"val", point.val},
               {"low", point.low},
               {"high", point.high},
               {"threshold", number(point.threshold)}};
    }
    json["val"].push_back(entry);
  }
  for (const auto& fold : result.folds) {
    json["folds"].push_back({{"fold", fold.fold},
                             {"pairs", fold.pairs},
                             {"accuracy", fold.accuracy},
                             {"threshold", number(fold.threshold)}});
  }
  return json;
}

std::string verification_text(const Verification& result, const std::vector<std::vector<std::string>>& more) {
  std::vector<std::vector<std::string>> rows{
      {"pairs", grouped(result.pairs) + " (" + grouped(result.same_pairs) + " same)"},
      {"accuracy", percent(result.accuracy) + " +- " + percent(result.accuracy_se)},
      {"threshold", fixed(static_cast<double>(result.threshold), 4) + " (" + result.threshold_from + ")"},
      {"AUC", fixed(result.auc, 4)},
      {"EER", percent(result.eer)}};
  for (const auto& point : result.val) {
    rows.push_back({"VAL at FAR " + text_of(point.far),
                    point.supported ? percent(point.val) + " (" + percent(point.low) + " to " + percent(point.high) +
                                          "), threshold " + fixed(static_cast<double>(point.threshold), 4)
                                    : "too few pairs to say"});
  }
  rows.insert(rows.end(), more.begin(), more.end());
  std::string text = table({"", ""}, rows, 2);
  text.erase(0, text.find('\n') + 1);
  return text;
}

int evaluate_folder(const Common& common, const std::string& folder, const FaceOptions& options,
                    const std::string& report, const std::string& curves, Output& output) {
  const std::string path = model_path(common);
  const Model model = Model::load(path);
  Common inputs_of = common;
  inputs_of.arguments = {folder};
  Failures failures;
  const auto inputs = expand_inputs(inputs_of, failures);
  const Faces faces = embed_inputs(common, model, inputs, options, failures);
  const std::size_t total = inputs.size() + failures.size();
  if (faces.faces.empty()) {
    if (failures.empty()) throw IoError("'" + printable(folder) + "' holds no images; it is to hold person/image.jpg");
    return failures.report(total);
  }
  const Result result = evaluate(model, faces);
  say(common, "no pairs.txt: " + grouped(result.verification.pairs) + " pairs drawn from the folders of " +
                  grouped(static_cast<std::int64_t>(result.people)) + " people, in folds that share nobody");
  warn_of(common, result.shared);
  if (output.json()) {
    output.object(json_of(result, faces));
  } else {
    output.write(verification_text(result.verification, rows_of(result.shared)) + table({"", ""}, rows_of(result), 2));
  }
  Curves found;
  if (!report.empty() || !curves.empty()) found = curves_of(common, faces, result);
  if (!curves.empty()) write_curves(curves, found);
  if (!report.empty()) {
    const std::string subtitle = printable(path) + " on " + grouped(static_cast<std::int64_t>(faces.faces.size())) +
                                 " images of " + grouped(static_cast<std::int64_t>(result.people)) + " people";
    write_file(report, report_of(common, model, faces, result, found, subtitle));
  }
  output.finish();
  return failures.report(total);
}

}  // namespace facenet::program
