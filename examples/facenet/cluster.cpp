// facenet cluster: groups of one person each.
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <facenet/clusterer.hpp>
#include <facenet/constraints.hpp>
#include <facenet/csv.hpp>
#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/known_clusters.hpp>

#include "cluster_output.hpp"
#include "commands.hpp"
#include "contact_sheet.hpp"
#include "decision.hpp"
#include "embedded_faces.hpp"

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
  std::string join;
  std::string save;
  std::string suggest;
  std::string groups;
  std::optional<float> minimum_quality{};
  bool labels_from_folders = false;
  std::string report;
  std::string summary;
};

// Other people, in folders: where do their groups come out best?
float threshold_from(const std::string& file, const Clusterer::Parameters& parameters, const Common& common,
                     std::size_t& dimension) {
  const Faces known = read_faces(file);
  dimension = known.embeddings.dimension;
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

// `dimension` becomes that of the embeddings that the threshold is from, where there are any.
Clusterer::Parameters parameters_for(const Options& options, const std::optional<Model>& model, const Common& common,
                                     std::size_t& dimension) {
  require_name("--method", options.method, {"average", "complete", "single", "centroid", "kmeans", "graph"});
  if ((options.threshold ? 1 : 0) + (options.clusters ? 1 : 0) + (options.threshold_from.empty() ? 0 : 1) > 1) {
    throw UsageError("--threshold, --threshold-from or --clusters: one of them");
  }
  if ((options.threshold || !options.threshold_from.empty()) && options.method == "kmeans") {
    throw UsageError("kmeans has no threshold: give --clusters K, or nothing, and it finds their number");
  }
  if (!options.suggest.empty() && (options.clusters || options.method == "kmeans")) {
    throw UsageError("--suggest needs a threshold, not a number of clusters");
  }
  if (options.clusters && options.method == "graph") {
    throw UsageError("graph finds the number of groups itself: give --threshold T, or another method with --clusters");
  }
  Clusterer::Parameters parameters{.method = cluster_method_from_name(options.method), .seed = common.seed};
  parameters.threshold = options.threshold;
  parameters.clusters = options.clusters;
  if (!options.threshold_from.empty()) {
    parameters.threshold = threshold_from(options.threshold_from, parameters, common, dimension);
  } else if (!options.threshold && !options.clusters && parameters.method != ClusterMethod::kmeans) {
    if (!model || !model->calibration()) {
      throw UsageError(
          "up to which distance is it one person? Give --threshold-from KNOWN.npy, the embeddings of other people in "
          "folders of their own, or --threshold T (facenet eval finds one on pairs of known people)" +
          std::string(options.method == "graph" ? "" : ", or --clusters K when you know how many people there are"));
    }
    parameters.threshold = model->calibration()->threshold;
    say(common, "threshold " + text_of(*parameters.threshold) + ", from the model's calibration");
  }
  const Clusterer fine(parameters);  // what is wrong with them is said before anything is embedded
  return parameters;
}

// Clusters that new faces are to join, and the threshold that was saved with them where no other is given.
std::optional<KnownClusters> open_known(Options& options) {
  if (options.join.empty()) return {};
  const bool whole = options.clusters || options.method != "average" || options.labels_from_folders;
  for (const auto& file : {options.keep, options.suggest, options.groups, options.report}) {
    if (whole || !file.empty()) {
      throw UsageError(
          "--join takes new faces alone, by average linkage: without --method, --clusters, --keep, --suggest, "
          "--groups, "
          "--report and --labels-from-folders, which are about all faces");
    }
  }
  auto known = KnownClusters::open(options.join);
  if (!options.threshold && options.threshold_from.empty()) options.threshold = known.threshold();
  return known;
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

// Those of a lower quality than is wanted stay in no group, but for those that somebody has said to be like others.
std::vector<std::int32_t> poor_faces(const Options& options, const Faces& faces, const std::vector<FaceName>& names,
                                     Constraints said) {
  std::vector<std::int32_t> poor;
  if (!options.minimum_quality) return poor;
  if (!options.keep.empty()) keep_groups(options.keep, names, said);
  std::set<std::int32_t> known;
  for (const auto& [a, b] : said.same) known.insert({a, b});
  std::optional<CsvTable> table;
  if (!options.embeddings.empty()) {
    table = table_of(options.embeddings);
    if (!table->has_column("quality"))
      throw FormatError(table->name + " has no column 'quality': embed with --detector");
  }
  for (std::size_t i = 0; i < faces.faces.size(); ++i) {
    const auto& found = faces.faces[i].found;
    if (!table && !found)
      throw UsageError("--minimum-quality: only a detector's faces have a quality; give --detector");
    const double quality =
        table ? table->number(i, table->column("quality")) : static_cast<double>(found->quality.score);
    const auto item = static_cast<std::int32_t>(i);
    if (quality < static_cast<double>(*options.minimum_quality) && !known.contains(item)) poor.push_back(item);
  }
  return poor;
}

// What is said at the end, for people and for programs.
struct Summary {
  Json json{};
  std::string words{};
};

Summary join(KnownClusters& known, float threshold, const Faces& faces, const Constraints& constraints,
             Output& output) {
  const std::int32_t before = known.clusters();
  const KnownClusters::Added added = [&] {
    try {
      return known.add(faces.embeddings, threshold, constraints, interrupted());
    } catch (const InvalidArgument& error) {
      if (constraints.empty()) throw;
      throw FormatError(error.what());  // of the table
    }
  }();
  write_rows(output, faces, added.labels, added.outlier);
  const auto counted = [&](auto&& condition) {
    return std::count_if(added.labels.begin(), added.labels.end(), condition);
  };
  const std::int64_t joined = counted([&](std::int32_t label) { return label >= 0 && label < before; });
  const std::int64_t apart = counted([&](std::int32_t label) { return label >= before; });
  const std::int64_t clusters =
      std::count_if(known.sizes().begin(), known.sizes().end(), [](auto size) { return size > 0; });
  Json merged = Json::array();
  for (const auto& [from, into] : added.merged) merged.push_back({from + 1, into + 1});
  return {{{"faces", joined + apart},
           {"joined", joined},
           {"founded", known.clusters() - before},
           {"merged", merged},
           {"clusters", clusters}},
          grouped(joined + apart) + " new faces: " + grouped(joined) + " in known clusters, " + grouped(apart) +
              " in " + grouped(known.clusters() - before) + " new ones; " +
              grouped(static_cast<std::int64_t>(merged.size())) +
              " known clusters became part of another; now there are " + grouped(clusters)};
}

Summary group(const Common& common, const Options& options, const Clusterer::Parameters& parameters, const Faces& faces,
              const std::optional<CodedEmbeddings>& coded, const std::vector<FaceName>& names, const Constraints& said,
              const std::optional<Model>& model, Output& output, std::optional<Output>& groups,
              std::optional<KnownClusters>& known) {
  Constraints constraints = said;
  if (!options.keep.empty()) keep_groups(options.keep, names, constraints);
  const Clusterer clusterer(parameters);
  Clustering clustering;
  {
    Progress progress(common, "grouping");
    const auto show = [&](double share) { progress.show(share); };
    clustering = coded ? clusterer.cluster(*coded, constraints, show, interrupted())
                       : clusterer.cluster(faces.embeddings, constraints, show, interrupted());
  }
  const auto singletons = std::count(clustering.sizes.begin(), clustering.sizes.end(), 1);
  const std::int64_t none = std::count(clustering.labels.begin(), clustering.labels.end(), Clustering::kNotAFace);
  const std::int64_t count = static_cast<std::int64_t>(faces.faces.size()) - none;
  std::string how = grouped(count) + " faces in " + grouped(clustering.clusters()) + " clusters, " +
                    grouped(singletons) + " of one face";
  if (none > 0) {
    how +=
        "; " + grouped(none) + (options.minimum_quality ? " too poor, or said to be no face" : " said to be no face");
  }
  Summary summary{{{"faces", count},
                   {"clusters", clustering.clusters()},
                   {"singletons", singletons},
                   {"method", options.method},
                   {"pairwise", nullptr},
                   {"bcubed", nullptr}},
                  how};
  std::optional<ClusteringScores> scores;
  if (options.labels_from_folders && count > 0) {
    scores = scores_of(clustering, folder_labels(faces));
    summary.json["pairwise"] = scores_json(scores->pairwise);
    summary.json["bcubed"] = scores_json(scores->bcubed);
    summary.words += scores_text("pairwise", scores->pairwise) + scores_text("BCubed", scores->bcubed);
  }
  if (!options.report.empty()) write_report(common, options.report, faces, clustering, scores, model, how);
  if (!options.suggest.empty()) {
    write_suggestions(options.suggest, names,
                      clusterer.suggest(faces.embeddings, clustering, said, 100, {}, interrupted()));
  }
  if (output.text()) {
    write_table(output, faces, clustering);
  } else {
    write_rows(output, faces, clustering.labels, clustering.outlier);
  }
  if (groups) {
    write_groups(*groups, names, clustering);
    groups->finish();
  }
  if (!options.save.empty()) {
    const bool average = parameters.method == ClusterMethod::average;
    const std::optional<float> threshold = average ? parameters.threshold : std::nullopt;
    known = coded ? KnownClusters(*coded, clustering, said, threshold)
                  : KnownClusters(faces.embeddings, clustering, said, threshold);
  }
  return summary;
}

int cluster(const Common& common, Options options) {
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  if (options.minimum_quality && !(*options.minimum_quality >= 0 && *options.minimum_quality <= 1)) {
    throw UsageError("--minimum-quality is between 0 and 1");
  }
  for (const auto& [file, ending] : {std::pair(options.report, ".html"), std::pair(options.summary, ".json"),
                                     std::pair(options.suggest, ".csv"), std::pair(options.save, "")}) {
    if (file.empty()) continue;
    if (!std::string_view(file).ends_with(ending)) {
      throw UsageError("'" + printable(file) + "' is to end in " + ending);
    }
    require_writable(file);
  }
  for (const auto& file : {options.constraints, options.keep}) {
    if (!file.empty()) CsvTable::open(file);  // before any work is done
  }
  std::optional<KnownClusters> known = open_known(options);
  std::optional<Output> groups;
  if (!options.groups.empty()) {
    Common to = common;
    to.output = options.groups;
    to.json = to.csv = false;  // by the ending of the file
    groups.emplace(to, std::vector{Kind::json, Kind::csv});
  }
  Journal journal(common, common.output.empty() ? options.report : common.output);
  std::optional<Model> model;
  Failures failures;
  std::size_t total = 0;
  Faces faces;
  std::optional<CodedEmbeddings> coded;
  Clusterer::Parameters parameters;
  std::size_t dimension = 0;
  if (!options.embeddings.empty()) {
    require_arguments(common, 0, 0, "INPUT or --embeddings, not both");
    if (!common.model.empty()) model = Model::load(common.model);  // for its calibration
    parameters = parameters_for(options, model, common, dimension);
    const bool as_codes = parameters.method == ClusterMethod::graph && options.suggest.empty() && !known;
    faces = read_faces(options.embeddings, as_codes ? &coded : nullptr);
    total = faces.faces.size();
    model.reset();  // the photographs are not embedded again
  } else {
    const auto inputs = expand_inputs(common, failures);
    total = inputs.size() + failures.size();
    model = Model::load(model_path(common));
    parameters = parameters_for(options, model, common, dimension);
    faces = embed_inputs(common, *model, inputs, options.faces, failures, &journal);
  }
  if (faces.faces.empty()) {
    journal.finish();
    if (failures.empty()) throw UsageError("there are no faces to group");
    return failures.report(total);
  }
  const std::size_t own = coded ? coded->codec.dimension() : faces.embeddings.dimension;
  if (dimension != 0 && dimension != own) {
    throw FormatError("'" + printable(options.threshold_from) + "' has embeddings of " + std::to_string(dimension) +
                      " numbers, and those to be grouped have " + std::to_string(own) +
                      ": they are of different models, and so is the threshold");
  }
  const std::vector<FaceName> names = names_of(faces);
  Constraints said;
  if (!options.constraints.empty()) {
    std::vector<FaceName> all = names;
    if (known) all.insert(all.end(), known->names().begin(), known->names().end());
    said = read_constraints(options.constraints, all);
  }
  const auto poor = poor_faces(options, faces, names, said);
  if (!poor.empty()) {
    std::string list = "of a quality below " + text_of(*options.minimum_quality) + ", and in no group:";
    for (const std::int32_t face : poor) {
      const FaceName& name = names[static_cast<std::size_t>(face)];
      list += "\n  " + printable(name.file) + ", face " + std::to_string(name.face);
    }
    say(common, list);
  }
  said.not_a_face.insert(said.not_a_face.end(), poor.begin(), poor.end());
  Summary summary;
  try {
    summary = known ? join(*known, *parameters.threshold, faces, said, output)
                    : group(common, options, parameters, faces, coded, names, said, model, output, groups, known);
  } catch (const Interrupted&) {
    throw Interrupted(journal.stopped());
  }
  output.finish();
  if (!options.save.empty()) {
    known->name(names);
    known->save(options.save);  // after the rows: without them nobody would know who joined
  }
  journal.finish();
  if (options.summary.empty()) {
    say(common, common.json ? dump(summary.json) : summary.words);
  } else {
    write_file(options.summary, dump(summary.json) + "\n");
  }
  return failures.report(total);
}

}  // namespace

Run setup_cluster(CLI::App& app, Common& common) {
  const auto options = std::make_shared<Options>();
  add_model_option(app, common);
  app.add_option("--embeddings", options->embeddings, "Group these (.npy with its .csv, or .npz) instead of INPUT")
      ->type_name("FILE");
  app.add_option(
         "--method", options->method,
         "average (default), complete (at most 20,000 faces that chains of neighbours within the threshold connect), "
         "single, centroid, kmeans or graph")
      ->type_name("NAME");
  app.add_option("--threshold", options->threshold,
                 "Merge groups up to this squared distance (the model's calibration, where it has one)")
      ->type_name("T");
  app.add_option("--clusters", options->clusters,
                 "Make this many groups (kmeans finds the number itself where it is not given)")
      ->type_name("K");
  app.add_option(
         "--threshold-from", options->threshold_from,
         "Take the threshold that groups these best: embeddings of other people, a folder for each (.npy, .npz)")
      ->type_name("FILE");
  app.add_option(
         "--constraints", options->constraints,
         "What you know, and no method undoes: file_a, file_b, relation (same, different, not a face), with --join of "
         "known faces too (.csv)")
      ->type_name("FILE");
  app.add_option("--minimum-quality", options->minimum_quality,
                 "Faces of a lower quality, 0 to 1, are in no group: listed, with an empty cluster (with a detector)")
      ->type_name("Q");
  app.add_option("--keep", options->keep,
                 "Keep the groups of an earlier output (.csv) together: faces that are new join them, or found others")
      ->type_name("FILE");
  app.add_option("--save", options->save, "Write what new faces need to join these groups with --join")
      ->type_name("FILE");
  app.add_option(
         "--join", options->join,
         "The faces are new: they join the groups that --save wrote, or found others, which are numbered on; with "
         "--save, for the next ones (the same file, or another)")
      ->type_name("FILE");
  app.add_option("--suggest", options->suggest,
                 "Write what to look at, groups that may be one or two (.csv); filled in, it goes to --constraints")
      ->type_name("FILE");
  app.add_option(
         "--groups", options->groups,
         "Write a row for each group: its most typical face, quality, and its most doubtful face's score (.csv, "
         ".json, .jsonl)")
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
