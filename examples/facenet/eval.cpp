// facenet eval: verification by the LFW protocol.
#include <algorithm>
#include <memory>
#include <set>
#include <unordered_map>

#include <facenet/codes.hpp>
#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
#include "eval_folder.hpp"
#include "faces.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

struct Options {
  FaceOptions faces;
  std::string lfw;
  std::string pairs;
  std::string root;
  std::string folds;
  std::string embeddings;
  std::string codes;
  std::string codes_from;
  bool codes_both = false;
  std::string group_by;
  std::string report;
  std::optional<float> threshold{};
};

struct Task {
  PairList list;
  bool has_list = true;   ///< otherwise pairs are drawn from the folders
  fs::path root;          ///< what the pairs' names are relative to
  std::string landmarks;  ///< file, or empty
  std::string data;       ///< in words
};

// LFW's list names no ending: that of the first image that is there.
PairList read_lfw(const fs::path& file, const fs::path& root) {
  for (const char* ending : {".jpg", ".png", ".jpeg", ".bmp"}) {
    PairList list = read_lfw_pairs(file, ending);
    for (const auto& pair : list.pairs) {
      if (fs::exists(root / pair.a)) return list;
    }
  }
  return read_lfw_pairs(file);
}

Task task_of(const Options& options) {
  if (options.lfw.empty() == options.pairs.empty()) {
    throw UsageError("give --lfw DIR, or --pairs F.csv with --root DIR");
  }
  Task task;
  task.landmarks = options.faces.landmarks;
  if (!options.lfw.empty()) {
    const fs::path folder = options.lfw;
    if (!fs::is_directory(folder)) throw IoError("'" + printable(folder) + "' is no folder");
    task.root = fs::is_directory(folder / "images") ? folder / "images" : folder;
    task.has_list = fs::exists(folder / "pairs.txt");
    if (task.has_list) task.list = read_lfw(folder / "pairs.txt", task.root);
    if (task.landmarks.empty() && fs::exists(folder / "landmarks.csv")) task.landmarks = folder / "landmarks.csv";
    task.data = task.has_list ? printable(folder / "pairs.txt") : "pairs drawn from the people of " + printable(folder);
  } else {
    task.root = options.root.empty() ? fs::path(options.pairs).parent_path() : fs::path(options.root);
    task.list = read_pairs_csv(options.pairs);
    task.data = printable(options.pairs);
  }
  if (!options.folds.empty() && task.has_list) {
    const auto folds = parse_folds(options.folds, task.list.folds);
    std::erase_if(task.list.pairs,
                  [&](const FacePair& pair) { return !std::binary_search(folds.begin(), folds.end(), pair.fold); });
    task.data += ", folds " + options.folds;
  }
  return task;
}

// Rows by the names that the pairs use.
using Rows = std::unordered_map<std::string, std::size_t>;

std::vector<std::string> names_of(const PairList& list) {
  std::set<std::string> names;
  for (const auto& pair : list.pairs) names.insert({pair.a, pair.b});
  return {names.begin(), names.end()};
}

Rows embed_names(const Common& common, const Model& model, const Task& task, const FaceOptions& options,
                 Embeddings& embeddings, Failures& failures) {
  std::vector<Input> inputs;
  for (const auto& name : names_of(task.list)) inputs.push_back({task.root / name, name});
  Faces faces = embed_inputs(common, model, inputs, options, failures);
  embeddings = std::move(faces.embeddings);
  Rows rows;
  for (std::size_t i = 0; i < faces.faces.size(); ++i) rows.emplace(faces.faces[i].input.name, i);
  return rows;
}

// An embeddings file's paths may begin anywhere: a pair's name is the end of one of them.
Rows find_names(const Task& task, const std::string& file, Embeddings& embeddings, Failures& failures) {
  embeddings = read_embeddings(file);
  const auto files = files_beside(file, embeddings.size());
  const auto names = names_of(task.list);
  const std::set<std::string> wanted(names.begin(), names.end());
  Rows rows;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = fs::path(files[i]).lexically_normal().generic_string();
    for (std::size_t at = 0; at < path.size(); ++at) {
      if ((at == 0 || path[at - 1] == '/') && wanted.contains(path.substr(at))) rows.emplace(path.substr(at), i);
    }
  }
  for (const auto& name : names) {
    if (!rows.contains(name)) failures.add(name, "the embeddings have no row for it");
  }
  return rows;
}

// The distance of two rows: as they are, or with one of them or both as codes.
class PairDistance {
 public:
  PairDistance(const Options& options, const Embeddings& embeddings) : embeddings_(embeddings) {
    if (options.codes.empty()) return;
    codec_ = Codec::calibrate(read_embeddings(options.codes_from), options.codes);
    codes_ = codec_->encode(embeddings);
    if (options.codes_both) decoded_ = codec_->decode(codes_);
  }
  float of(std::size_t a, std::size_t b) const {
    if (!codec_) return squared_distance(embeddings_[a], embeddings_[b]);
    if (decoded_.size() > 0) return squared_distance(decoded_[a], decoded_[b]);
    return codec_->distance(embeddings_[a], codes_[b]);
  }

 private:
  const Embeddings& embeddings_;
  std::optional<Codec> codec_{};
  Codes codes_{};
  Embeddings decoded_{};
};

struct Scored {
  std::vector<ScoredPair> pairs;
  std::vector<std::pair<std::string, std::string>> names;  ///< of the pairs of a list
  std::vector<std::string> groups;                         ///< with --group-by, of each pair
  std::size_t images = 0;                                  ///< that were asked for, failed ones included
  std::size_t left_out = 0;                                ///< pairs
};

// The model, its words for the report, and the options that fit it: landmarks that merely lie beside the images are
// used where they are of use, and not spoken of elsewhere.
Model load_model(const Common& common, const Options& options, const Task& task, FaceOptions& faces,
                 std::string& model_words) {
  const std::string path = model_path(common);
  Model model = Model::load(path);
  model_words = printable(path) + " (" + model.fingerprint().substr(0, 16) + ")";
  faces = options.faces;
  if (faces.landmarks.empty() && model.contract().template_points) faces.landmarks = task.landmarks;
  return model;
}

Scored score_list(const Common& common, const Options& options, const Task& task, std::size_t group_column,
                  std::string& model_words, Failures& failures) {
  Embeddings embeddings;
  Rows rows;
  if (!options.embeddings.empty()) {
    rows = find_names(task, options.embeddings, embeddings, failures);
    model_words = printable(options.embeddings);
  } else {
    FaceOptions faces;
    const Model model = load_model(common, options, task, faces, model_words);
    rows = embed_names(common, model, task, faces, embeddings, failures);
  }
  const PairDistance distance(options, embeddings);
  Scored scored;
  scored.images = rows.size() + failures.size();
  for (const auto& pair : task.list.pairs) {
    const auto a = rows.find(pair.a);
    const auto b = rows.find(pair.b);
    if (a == rows.end() || b == rows.end()) {
      ++scored.left_out;
      continue;
    }
    scored.pairs.push_back({distance.of(a->second, b->second), pair.same, pair.fold});
    scored.names.emplace_back(pair.a, pair.b);
    if (!options.group_by.empty()) scored.groups.push_back(pair.extra[group_column]);
  }
  return scored;
}

std::vector<std::vector<std::string>> group_rows(const std::vector<GroupResult>& groups) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& group : groups) {
    rows.push_back({printable(group.group), grouped(group.pairs), grouped(group.same_pairs), percent(group.accuracy),
                    group.auc ? fixed(*group.auc, 4) : "-"});
  }
  return rows;
}
const std::vector<std::string> kGroupColumns{"group", "pairs", "same", "accuracy", "AUC"};

std::string result_text(const Verification& result, const std::vector<GroupResult>& groups) {
  std::string text = verification_text(result);
  if (!groups.empty()) text += "\n" + table(kGroupColumns, group_rows(groups));
  return text;
}

void write_csv(Output& output, const Scored& scored) {
  output.row({"file_a", "file_b", "same", "fold", "distance"});
  for (std::size_t i = 0; i < scored.pairs.size(); ++i) {
    const ScoredPair& pair = scored.pairs[i];
    output.row({scored.names[i].first, scored.names[i].second, pair.same ? "1" : "0", std::to_string(pair.fold),
                text_of(pair.distance)});
  }
}

int evaluate(const Common& common, const Options& options) {
  require_arguments(common, 0, 0, "--lfw DIR, or --pairs F.csv with --root DIR");
  Output output(common, {Kind::text, Kind::json, Kind::csv});
  output.single();
  if (!options.report.empty()) {
    if (!options.report.ends_with(".html")) throw UsageError("'" + printable(options.report) + "' is to end in .html");
    require_writable(options.report);
  }
  if (options.codes.empty() != options.codes_from.empty() || (options.codes_both && options.codes.empty())) {
    throw UsageError("--codes FORM needs --codes-from KNOWN.npy, embeddings of other people to calibrate it on");
  }
  if (!options.codes.empty()) Codec::require_form(options.codes);
  const Task task = task_of(options);
  if (!task.has_list) {
    for (const auto& [given, option] :
         {std::pair(!options.embeddings.empty(), "--embeddings"), std::pair(!options.codes.empty(), "--codes"),
          std::pair(!options.group_by.empty(), "--group-by"),
          std::pair(options.threshold.has_value(), "--threshold")}) {
      if (given) throw UsageError(std::string(option) + " needs a list of pairs; there is no pairs.txt");
    }
    if (output.csv()) throw UsageError("--csv gives the pairs of a list; there is no pairs.txt");
    if (!options.folds.empty()) throw UsageError("--folds chooses among the folds of a list; there is no pairs.txt");
  }
  if (!task.has_list) {
    FaceOptions faces = options.faces;
    faces.landmarks = task.landmarks;
    return evaluate_folder(common, task.root.string(), faces, options.report, output);
  }
  std::size_t group_column = 0;
  if (!options.group_by.empty()) {
    require_name("--group-by", options.group_by, task.list.extra_columns);
    const auto& columns = task.list.extra_columns;
    group_column =
        static_cast<std::size_t>(std::find(columns.begin(), columns.end(), options.group_by) - columns.begin());
  }
  Failures failures;
  std::string model_words;
  const Scored scored = score_list(common, options, task, group_column, model_words, failures);
  if (scored.pairs.empty()) {
    if (failures.empty()) throw UsageError("there are no pairs to evaluate");
    return failures.report(failures.size());
  }
  VerificationOptions verification;
  verification.threshold = options.threshold;
  Verification result;
  try {
    result = evaluate_verification(scored.pairs, verification);
  } catch (const InvalidArgument& error) {
    if (failures.empty()) throw;
    // What failed is why: too little is left.
    failures.report(scored.images);
    throw FormatError(std::string("what is left cannot be evaluated: ") + error.what());
  }
  std::vector<GroupResult> groups;
  if (!scored.groups.empty()) groups = evaluate_groups(scored.pairs, scored.groups, result);

  if (output.json()) {
    Json json = verification_json(result);
    if (!options.group_by.empty()) {
      json["groups"] = Json::array();
      for (const auto& group : groups) {
        json["groups"].push_back({{"group", group.group},
                                  {"pairs", group.pairs},
                                  {"same_pairs", group.same_pairs},
                                  {"accuracy", group.accuracy},
                                  {"auc", group.auc ? Json(*group.auc) : Json()}});
      }
    }
    json["left_out"] = scored.left_out;
    output.object(std::move(json));
  } else if (output.csv()) {
    write_csv(output, scored);
  } else {
    output.write(result_text(result, groups));
  }
  if (!options.report.empty()) {
    Report report;
    report.title = "Verification";
    report.subtitle = model_words + " on " + task.data;
    report.figures = {{"accuracy", percent(result.accuracy), "± " + percent(result.accuracy_se)},
                      {"AUC", fixed(result.auc, 4), ""},
                      {"EER", percent(result.eer), ""}};
    if (!groups.empty()) report.tables.push_back({"By " + options.group_by, "", kGroupColumns, group_rows(groups)});
    report.verification = ReportVerification{"Pairs", scored.pairs, result};
    report.footer = "FaceNetLib " + std::string(version());
    write_file(options.report, render_html(report));
  }
  output.finish();
  if (scored.left_out > 0) {
    say(common, std::to_string(scored.left_out) + " of " + std::to_string(task.list.pairs.size()) +
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
  app.add_option(
         "--lfw", options->lfw,
         "Folder with images/ (or the people directly) and perhaps pairs.txt and landmarks.csv; without pairs.txt, "
         "pairs are drawn, and identification and clustering are measured too")
      ->type_name("DIR");
  app.add_option("--folds", options->folds, "Only these folds, like 1-8 or 7,8")->type_name("LIST");
  app.add_option("--pairs", options->pairs, "CSV with file_a, file_b, same, perhaps fold")->type_name("FILE");
  app.add_option("--root", options->root, "Folder that the files of --pairs are in (that of the list)")
      ->type_name("DIR");
  app.add_option("--embeddings", options->embeddings, "Take the embeddings from here (.npy with its .csv)")
      ->type_name("FILE");
  app.add_option("--codes", options->codes,
                 "What codes of few bytes would cost: the second face of each pair is one; 8bit, 1bit or pcaN (pca64)")
      ->type_name("FORM");
  app.add_option("--codes-from", options->codes_from, "Calibrate the codes on these embeddings, of other people (.npy)")
      ->type_name("FILE");
  app.add_flag("--codes-both", options->codes_both, "Both faces of each pair are codes");
  app.add_option("--group-by", options->group_by, "Results for each value of this column of --pairs too")
      ->type_name("COLUMN");
  app.add_option("--threshold", options->threshold, "Measure at this threshold instead of choosing one")
      ->type_name("T");
  app.add_option("--report", options->report, "A page with curves and tables (.html)")->type_name("FILE");
  add_face_options(app, options->faces, "centre");
  app.add_option("--pixels", options->faces.degradation.pixels,
                 "Show faces with so few pixels a side, after alignment: what small photographs cost")
      ->type_name("N");
  app.add_option("--jpeg-quality", options->faces.degradation.jpeg_quality, "and stored as JPEG of this quality")
      ->type_name("Q");
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json, .csv (the pairs with their distances)");
  return [options, &common] { return evaluate(common, *options); };
}

}  // namespace facenet::program
