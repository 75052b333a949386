// facenet eval: verification by the LFW protocol.
#include <algorithm>
#include <memory>
#include <set>
#include <unordered_map>

#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>
#include <facenet/files.hpp>
#include <facenet/report.hpp>
#include <facenet/version.hpp>

#include "commands.hpp"
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
  embeddings = read_npy(file);
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
  Scored scored;
  scored.images = rows.size() + failures.size();
  for (const auto& pair : task.list.pairs) {
    const auto a = rows.find(pair.a);
    const auto b = rows.find(pair.b);
    if (a == rows.end() || b == rows.end()) {
      ++scored.left_out;
      continue;
    }
    scored.pairs.push_back({squared_distance(embeddings[a->second], embeddings[b->second]), pair.same, pair.fold});
    scored.names.emplace_back(pair.a, pair.b);
    if (!options.group_by.empty()) scored.groups.push_back(pair.extra[group_column]);
  }
  return scored;
}

// Without a list: pairs drawn from the folders of people, in folds that share nobody.
Scored score_people(const Common& common, const Options& options, const Task& task, std::string& model_words,
                    Failures& failures) {
  Faces faces;
  if (!options.embeddings.empty()) {
    faces.embeddings = read_npy(options.embeddings);
    for (const auto& file : files_beside(options.embeddings, faces.embeddings.size())) {
      faces.faces.push_back({{file, file}, {}, {}});
    }
    model_words = printable(options.embeddings);
  } else {
    FaceOptions face_options;
    const Model model = load_model(common, options, task, face_options, model_words);
    Common folder = common;
    folder.arguments = {task.root.string()};
    faces = embed_inputs(common, model, expand_inputs(folder, failures), face_options, failures);
  }
  Scored scored;
  scored.images = faces.faces.size() + failures.size();
  if (faces.faces.empty()) return scored;
  std::unordered_map<std::string, std::int32_t> numbers;
  std::vector<std::int32_t> labels;
  std::vector<int> counts;
  for (const auto& face : faces.faces) {
    const auto [person, fresh] =
        numbers.try_emplace(face.input.path.parent_path().string(), static_cast<std::int32_t>(counts.size()));
    if (fresh) counts.push_back(0);
    ++counts[static_cast<std::size_t>(person->second)];
    labels.push_back(person->second);
  }
  // Each fold needs some people to be compared.
  const auto paired = std::count_if(counts.begin(), counts.end(), [](int count) { return count > 1; });
  const auto folds = static_cast<std::int32_t>(std::clamp<std::ptrdiff_t>(paired / 4, 1, 10));
  scored.pairs = pairs_of_people(faces.embeddings, labels, folds, 3000, 1, common.seed);
  say(common, "no pairs.txt: " + std::to_string(scored.pairs.size()) + " pairs drawn from the folders of " +
                  std::to_string(counts.size()) + " people, in " + std::to_string(folds) + " folds by person");
  return scored;
}

Json result_json(const Verification& result) {
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
  std::string text = table({"", ""}, rows, 2);
  text.erase(0, text.find('\n') + 1);
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
  const Task task = task_of(options);
  if (!task.has_list) {
    if (output.csv()) throw UsageError("--csv gives the pairs of a list; there is no pairs.txt");
    if (!options.folds.empty()) throw UsageError("--folds chooses among the folds of a list; there is no pairs.txt");
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
  const Scored scored = task.has_list ? score_list(common, options, task, group_column, model_words, failures)
                                      : score_people(common, options, task, model_words, failures);
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
    Json json = result_json(result);
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
  app.add_option("--lfw", options->lfw,
                 "Folder with images/ (or the people directly), pairs.txt (otherwise pairs are drawn) and perhaps "
                 "landmarks.csv")
      ->type_name("DIR");
  app.add_option("--folds", options->folds, "Only these folds, like 1-8 or 7,8")->type_name("LIST");
  app.add_option("--pairs", options->pairs, "CSV with file_a, file_b, same, perhaps fold")->type_name("FILE");
  app.add_option("--root", options->root, "Folder that the files of --pairs are in (that of the list)")
      ->type_name("DIR");
  app.add_option("--embeddings", options->embeddings, "Take the embeddings from here (.npy with its .csv)")
      ->type_name("FILE");
  app.add_option("--group-by", options->group_by, "Results for each value of this column of --pairs too")
      ->type_name("COLUMN");
  app.add_option("--threshold", options->threshold, "Measure at this threshold instead of choosing one")
      ->type_name("T");
  app.add_option("--report", options->report, "A page with curves and tables (.html)")->type_name("FILE");
  add_face_options(app, options->faces);
  add_seed_option(app, common);
  add_output_options(app, common, "Write to this file: .txt, .json, .csv (the pairs with their distances)");
  return [options, &common] { return evaluate(common, *options); };
}

}  // namespace facenet::program
