// facenet cluster: groups of one person each.
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include <facenet/clusterer.hpp>
#include <facenet/codes.hpp>
#include <facenet/constraints.hpp>
#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>

#include "commands.hpp"
#include "contact_sheet.hpp"
#include "decision.hpp"
#include "faces.hpp"

namespace facenet::program {
namespace {

struct Options {
  FaceOptions faces;
  std::string embeddings;
  std::string method = "average";
  std::optional<float> threshold{};
  std::optional<int> clusters{};
  std::string threshold_from;
  std::string constraints;
  std::string keep;
  std::string suggest;
  bool labels_from_folders = false;
  std::string report;
  std::string summary;
};

// An embeddings file brings its faces by name only; nothing more is needed of them here.
Faces read_embeddings(const std::string& file) {
  Faces faces;
  faces.embeddings = facenet::read_embeddings(file);  // codes are decoded
  for (const auto& name : files_beside(file, faces.embeddings.size())) faces.faces.push_back({{name, name}});
  const auto table = CsvTable::open(csv_beside(file));
  if (!table.has_column("face")) return faces;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const double number = table.number(i, table.column("face"));
    if (!(number >= 0 && number < 1e6)) {
      throw FormatError(table.name + ": face " + text_of(number) + " is no number of a face");
    }
    faces.faces[i].number = static_cast<std::size_t>(number);
  }
  return faces;
}

// Other people, in folders: where do their groups come out best?
float threshold_from(const std::string& file, const Clusterer::Parameters& parameters, const Common& common) {
  const Faces known = read_embeddings(file);
  const std::vector<std::int32_t> people = folder_labels(known);
  Progress progress(common, "looking for the threshold");
  const ClusterCalibration found = calibrate_clustering(
      known.embeddings, people, parameters, [&](double share) { progress.show(share); }, interrupted());
  say(common, "threshold " + text_of(found.threshold) + ", at which the " +
                  grouped(static_cast<std::int64_t>(people.size())) + " faces in '" + printable(file) +
                  "' are grouped best: pairwise F " + percent(found.scores.pairwise.f) + ", BCubed F " +
                  percent(found.scores.bcubed.f));
  return found.threshold;
}

Clusterer clusterer_for(const Options& options, const std::optional<Model>& model, const Common& common) {
  require_name("--method", options.method, {"average", "complete", "single", "centroid", "kmeans", "graph"});
  if ((options.threshold ? 1 : 0) + (options.clusters ? 1 : 0) + (options.threshold_from.empty() ? 0 : 1) > 1) {
    throw UsageError("--threshold, --threshold-from or --clusters: one of them");
  }
  if (!options.threshold_from.empty() && options.method == "kmeans") throw UsageError("kmeans has no threshold");
  if (!options.suggest.empty() && options.clusters) throw UsageError("--suggest needs a threshold, not --clusters");
  if (options.clusters && options.method == "graph") {
    throw UsageError("graph finds the number of groups itself: give --threshold T, or another method with --clusters");
  }
  Clusterer::Parameters parameters{.method = cluster_method_from_name(options.method), .seed = common.seed};
  parameters.threshold = options.threshold;
  parameters.clusters = options.clusters;
  if (!options.threshold_from.empty()) {
    parameters.threshold = threshold_from(options.threshold_from, parameters, common);
  } else if (!options.threshold && !options.clusters) {
    if (parameters.method == ClusterMethod::kmeans) throw UsageError("kmeans needs --clusters K");
    if (!model || !model->calibration()) {
      throw UsageError(
          "up to which distance is it one person? Give --threshold-from KNOWN.npy, the embeddings of other people in "
          "folders of their own, or --threshold T (facenet eval finds one on pairs of known people)" +
          std::string(options.method == "graph" ? "" : ", or --clusters K when you know how many people there are"));
    }
    parameters.threshold = model->calibration()->threshold;
    say(common, "threshold " + text_of(*parameters.threshold) + ", from the model's calibration");
  }
  return Clusterer(parameters);
}

// What the rows are called in constraints.
std::vector<FaceName> names_of(const Faces& faces) {
  std::vector<FaceName> names;
  for (const Face& face : faces.faces) {
    names.push_back({face.input.path.string(), static_cast<std::int32_t>(face.number)});
  }
  return names;
}

// The groups in an earlier output stay together; what is not in it is new.
void keep_groups(const std::string& file, const std::vector<FaceName>& names, Constraints& constraints) {
  const auto table = CsvTable::open(file);
  std::map<std::pair<std::string, std::string>, std::int32_t> groups;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    if (row[table.column("cluster")].empty()) continue;  // not a face
    const double group = table.number(r, table.column("cluster"));
    if (!(group >= 0 && group < 2e9)) throw FormatError(table.name + ": cluster " + text_of(group) + " is no number");
    groups[{row[table.column("file")], row[table.column("face")]}] = static_cast<std::int32_t>(group);
  }
  std::vector<std::int32_t> labels;
  std::size_t found = 0;
  for (const FaceName& name : names) {
    const auto group = groups.find({name.file, std::to_string(name.face)});
    labels.push_back(group == groups.end() ? -1 : group->second);
    if (group != groups.end()) ++found;
  }
  if (found < groups.size()) {
    throw FormatError(table.name + " has " + std::to_string(groups.size() - found) +
                      " faces that are not among those given: give the earlier faces and the new ones");
  }
  constraints.keep_together(labels);
}

// Questions as a constraints file: a person fills in the relation.
void write_suggestions(const std::string& file, const std::vector<FaceName>& names,
                       const std::vector<Suggestion>& suggestions) {
  std::string text = csv_row({"file_a", "face_a", "file_b", "face_b", "relation", "now", "distance", "confidence"});
  for (const Suggestion& one : suggestions) {
    const FaceName& a = names[static_cast<std::size_t>(one.a)];
    const FaceName& b = names[static_cast<std::size_t>(one.b)];
    text += csv_row({a.file, std::to_string(a.face), b.file, std::to_string(b.face), "",
                     one.merge ? "apart" : "together", text_of(one.distance), text_of(one.confidence)});
  }
  write_file(file, text);
}

// Without those said to be no face.
ClusteringScores scores_of(const Clustering& clustering, const std::vector<std::int32_t>& people) {
  std::vector<std::int32_t> clusters;
  std::vector<std::int32_t> truth;
  for (std::size_t i = 0; i < people.size(); ++i) {
    if (clustering.labels[i] == Clustering::kNotAFace) continue;
    clusters.push_back(clustering.labels[i]);
    truth.push_back(people[i]);
  }
  return score_clustering(clusters, truth);
}

std::string scores_text(const std::string& name, const PrecisionRecall& score) {
  return "; " + name + " precision " + percent(score.precision) + ", recall " + percent(score.recall) + ", F " +
         percent(score.f);
}

void write_report(const Common& common, const std::string& file, const Faces& faces, const Clustering& clustering,
                  const std::optional<ClusteringScores>& scores, const std::optional<Model>& model,
                  const std::string& how) {
  Report report;
  report.title = "Faces by person";
  report.subtitle = how;
  const std::int64_t count = std::accumulate(clustering.sizes.begin(), clustering.sizes.end(), std::int64_t{0});
  report.figures = {{"faces", grouped(count), ""}, {"clusters", grouped(clustering.clusters()), ""}};
  if (scores) {
    report.figures.push_back({"pairwise F", percent(scores->pairwise.f), ""});
    report.figures.push_back({"BCubed F", percent(scores->bcubed.f), ""});
    const auto row = [](const std::string& name, const PrecisionRecall& s) {
      return std::vector<std::string>{name, percent(s.precision), percent(s.recall), percent(s.f)};
    };
    report.tables.push_back({"Compared with the folders",
                             "",
                             {"", "precision", "recall", "F"},
                             {row("pairwise", scores->pairwise), row("BCubed", scores->bcubed)}});
  }
  std::optional<Embedder> embedder;
  if (model) embedder.emplace(*model);
  report.sheets.push_back(contact_sheet(common, faces, clustering, embedder));
  write_file(file, render_html(report));
}

void write(Output& output, const Faces& faces, const Clustering& clustering) {
  if (output.text()) {
    std::vector<std::vector<std::string>> rows;
    for (std::size_t c = 0; c < clustering.sizes.size(); ++c) {
      const auto medoid = static_cast<std::size_t>(clustering.medoids[c]);
      rows.push_back(
          {std::to_string(c + 1), std::to_string(clustering.sizes[c]), printable(faces.faces[medoid].input.path)});
    }
    output.write(table({"cluster", "faces", "most typical"}, rows, 0));
    return;
  }
  if (output.csv()) output.row({"file", "face", "cluster", "outlier"});
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const std::string file = faces.faces[i].input.path.string();
    const std::size_t number_of = faces.faces[i].number;
    const bool face = clustering.labels[i] != Clustering::kNotAFace;
    const std::int32_t cluster = clustering.labels[i] + 1;
    if (output.csv()) {
      output.row({file, std::to_string(number_of), face ? std::to_string(cluster) : "",
                  face ? text_of(clustering.outlier[i]) : ""});
    } else if (!face) {
      output.object({{"file", file}, {"face", number_of}, {"cluster", nullptr}, {"outlier", nullptr}});
    } else {
      output.object(
          {{"file", file}, {"face", number_of}, {"cluster", cluster}, {"outlier", number(clustering.outlier[i])}});
    }
  }
}

int cluster(const Common& common, const Options& options) {
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  for (const auto& [file, ending] :
       {std::pair(options.report, ".html"), std::pair(options.summary, ".json"), std::pair(options.suggest, ".csv")}) {
    if (file.empty()) continue;
    if (!std::string_view(file).ends_with(ending)) {
      throw UsageError("'" + printable(file) + "' is to end in " + ending);
    }
    require_writable(file);
  }
  for (const auto& file : {options.constraints, options.keep}) {
    if (!file.empty()) CsvTable::open(file);  // before any work is done
  }
  Journal journal(common, common.output.empty() ? options.report : common.output);
  std::optional<Model> model;
  Failures failures;
  std::size_t total = 0;
  Faces faces;
  std::optional<Clusterer> clusterer;
  if (!options.embeddings.empty()) {
    require_arguments(common, 0, 0, "INPUT or --embeddings, not both");
    if (!common.model.empty()) model = Model::load(common.model);  // for its calibration
    clusterer = clusterer_for(options, model, common);
    faces = read_embeddings(options.embeddings);
    total = faces.faces.size();
    model.reset();  // the photographs are not embedded again
  } else {
    const auto inputs = expand_inputs(common, failures);
    total = inputs.size() + failures.size();
    model = Model::load(model_path(common));
    clusterer = clusterer_for(options, model, common);  // what is wrong with it is said before anything is embedded
    faces = embed_inputs(common, *model, inputs, options.faces, failures, &journal);
  }
  if (faces.faces.empty()) {
    journal.finish();
    if (failures.empty()) throw UsageError("there are no faces to group");
    return failures.report(total);
  }
  const std::vector<FaceName> names = names_of(faces);
  Constraints constraints;
  if (!options.constraints.empty()) constraints = read_constraints(options.constraints, names);
  const Constraints said = constraints;
  if (!options.keep.empty()) keep_groups(options.keep, names, constraints);
  Clustering clustering;
  try {
    Progress progress(common, "grouping");
    clustering = clusterer->cluster(
        faces.embeddings, constraints, [&](double share) { progress.show(share); }, interrupted());
  } catch (const Interrupted&) {
    throw Interrupted(journal.stopped());
  }
  const auto singletons = std::count(clustering.sizes.begin(), clustering.sizes.end(), 1);
  const std::int64_t none = std::count(clustering.labels.begin(), clustering.labels.end(), Clustering::kNotAFace);
  const std::int64_t count = static_cast<std::int64_t>(faces.faces.size()) - none;
  std::string how = grouped(count) + " faces in " + grouped(clustering.clusters()) + " clusters, " +
                    grouped(singletons) + " of one face";
  if (none > 0) how += "; " + grouped(none) + " said to be no face";
  Json summary{{"faces", count},           {"clusters", clustering.clusters()},
               {"singletons", singletons}, {"method", options.method},
               {"pairwise", nullptr},      {"bcubed", nullptr}};
  std::optional<ClusteringScores> scores;
  std::string words = how;
  if (options.labels_from_folders && count > 0) {
    scores = scores_of(clustering, folder_labels(faces));
    summary["pairwise"] = scores_json(scores->pairwise);
    summary["bcubed"] = scores_json(scores->bcubed);
    words += scores_text("pairwise", scores->pairwise) + scores_text("BCubed", scores->bcubed);
  }
  if (!options.report.empty()) write_report(common, options.report, faces, clustering, scores, model, how);
  if (!options.suggest.empty()) {
    write_suggestions(options.suggest, names,
                      clusterer->suggest(faces.embeddings, clustering, said, 100, {}, interrupted()));
  }
  write(output, faces, clustering);
  output.finish();
  journal.finish();
  if (options.summary.empty()) {
    say(common, common.json ? dump(summary) : words);
  } else {
    write_file(options.summary, dump(summary) + "\n");
  }
  return failures.report(total);
}

}  // namespace

Run setup_cluster(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  app.add_option("--embeddings", options->embeddings, "Group these (.npy with its .csv) instead of INPUT")
      ->type_name("FILE");
  app.add_option("--method", options->method, "average (default), complete, single, centroid, kmeans or graph")
      ->type_name("NAME");
  app.add_option("--threshold", options->threshold,
                 "Merge groups up to this squared distance (the model's calibration, where it has one)")
      ->type_name("T");
  app.add_option("--clusters", options->clusters, "Make this many groups")->type_name("K");
  app.add_option("--threshold-from", options->threshold_from,
                 "Take the threshold that groups these best: embeddings of other people, a folder for each (.npy)")
      ->type_name("FILE");
  app.add_option("--constraints", options->constraints,
                 "What you know, and no method undoes: file_a, file_b, relation (same, different, not a face) (.csv)")
      ->type_name("FILE");
  app.add_option("--keep", options->keep,
                 "Keep the groups of an earlier output (.csv) together: faces that are new join them, or found others")
      ->type_name("FILE");
  app.add_option("--suggest", options->suggest,
                 "Write what to look at, groups that may be one or two (.csv); filled in, it goes to --constraints")
      ->type_name("FILE");
  app.add_flag("--labels-from-folders", options->labels_from_folders,
               "An image's folder is its person: score the groups against that");
  app.add_option("--report", options->report, "A page with a contact sheet of the groups (.html)")->type_name("FILE");
  app.add_option("--summary", options->summary, "Write the summary here (.json), not to standard error")
      ->type_name("FILE");
  add_face_options(app, options->faces);
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json, .jsonl, .csv");
  return [options, &common] { return cluster(common, *options); };
}

}  // namespace facenet::program
