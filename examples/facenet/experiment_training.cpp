// facenet experiment dims, data and flops: several networks trained alike but for one thing (paper, sections 5.1, 5.3
// and 5.5; Tables 3, 5 and 6).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

#include "experiment.hpp"
#include "network.hpp"

namespace fs = std::filesystem;

namespace facenet::program {
namespace {

using Clock = std::chrono::steady_clock;

// One network of an experiment.
struct Trial {
  std::string name;  ///< of its files
  ExperimentRow row;
  std::string network;
  int embedding_size = 128;
  double share = 1;  ///< of the people
};

struct InPaper {
  const char* name;
  double val;
  double error;
};
constexpr InPaper kSizes[] = {
    {"64", 0.868, 0.017}, {"128", 0.879, 0.019}, {"256", 0.877, 0.019}, {"512", 0.856, 0.020}};
// Of 2.6, 26, 52 and 260 million images.
constexpr InPaper kShares[] = {{"0.01", 0.763, 0}, {"0.1", 0.851, 0}, {"0.2", 0.851, 0}, {"1", 0.862, 0}};
constexpr InPaper kNetworks[] = {{"nn1", 0.879, 0.019}, {"nn2", 0.894, 0.016},  {"nn3", 0.883, 0.017},
                                 {"nn4", 0.820, 0.023}, {"nns1", 0.824, 0.024}, {"nns2", 0.519, 0.029}};

template <std::size_t N>
void put_paper(ExperimentRow& row, const InPaper (&table)[N], const std::string& name) {
  for (const auto& entry : table) {
    if (entry.name != name) continue;
    row.paper = entry.val;
    if (entry.error > 0) row.paper_error = entry.error;
  }
}

double share_of(const std::string& text) {
  std::size_t end = 0;
  double share = 0;
  try {
    share = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  if (end != text.size() || !(share > 0 && share <= 1)) {
    throw UsageError("--shares wants shares above 0 and up to 1, not '" + printable(text) + "'");
  }
  return share;
}

std::vector<Trial> trials_of(const ExperimentOptions& options, const std::string& kind) {
  const auto list = [](const std::string& given, const char* otherwise) {
    return split(given.empty() ? otherwise : given, ',');
  };
  std::vector<Trial> trials;
  const auto add = [&](const std::string& setting, const std::string& network) -> Trial& {
    trials.push_back({.name = kind + "-" + setting, .row = {.setting = setting}, .network = network});
    return trials.back();
  };
  if (kind == "dims") {
    const std::string sizes = options.sizes.empty() ? "64,128,256,512" : options.sizes;
    for (const auto size : parse_counts("--sizes", sizes)) {
      if (size > 4096) throw UsageError("--sizes: " + std::to_string(size) + " is too much");
      Trial& trial = add(std::to_string(size), options.network);
      trial.embedding_size = static_cast<int>(size);
      trial.row.x = static_cast<double>(size);
      put_paper(trial.row, kSizes, trial.row.setting);
    }
  } else if (kind == "data") {
    for (const auto& text : list(options.shares, "0.01,0.1,0.2,1")) {
      Trial& trial = add(text, options.network);
      trial.share = share_of(text);
      trial.row.x = trial.share;
      put_paper(trial.row, kShares, text);
    }
  } else {
    for (const auto& network : list(options.networks, "nn4,nns1,nns2")) {
      Trial& trial = add(network, network);
      put_paper(trial.row, kNetworks, network);
    }
  }
  for (const Trial& trial : trials) require_name("a network", trial.network, Model::architectures());
  return trials;
}

// A list of names, one a line, as TrainingData::people takes it.
void write_list(const fs::path& file, const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += name + "\n";
  write_file(file, text);
}

std::vector<std::string> people_in(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw IoError("'" + printable(folder) + "' is no folder");
  std::vector<std::string> people;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.starts_with(".")) continue;
    const bool any = std::any_of(fs::directory_iterator(entry.path()), fs::directory_iterator(),
                                 [](const fs::directory_entry& file) { return is_image_name(file.path()); });
    if (any) people.push_back(name);
  }
  std::sort(people.begin(), people.end());
  return people;
}

// Who is trained on and who is tested: lists in the folder of the runs.
struct People {
  fs::path folder;
  std::vector<std::string> training;
  TrainingData test;
};

People divide(const std::string& folder, const ExperimentOptions& options, const fs::path& runs) {
  People people{folder, people_in(folder), {}};
  if (!options.test.faces.landmarks.empty()) people.test.landmarks = options.test.faces.landmarks;
  if (!options.evaluation.empty()) {
    people.test.folder = options.evaluation;
    if (!options.evaluation_people.empty()) people.test.people = options.evaluation_people;
    return people;
  }
  std::vector<std::string> training;
  std::vector<std::string> test;
  for (std::size_t i = 0; i < people.training.size(); ++i) {
    (i % 5 == 4 ? test : training).push_back(people.training[i]);
  }
  if (test.size() < 2) {
    throw FormatError("'" + printable(folder) + "' has " + std::to_string(people.training.size()) +
                      " people: too few to keep every fifth for the test; give others with --eval DIR");
  }
  people.training = training;
  write_list(runs / "test.txt", test);
  people.test.folder = folder;
  people.test.people = runs / "test.txt";
  return people;
}

// The people of a share of the data, evenly chosen; those of a smaller one are among those of a larger one where it
// divides it.
TrainingData training_data(const People& people, const Trial& trial, const ExperimentOptions& options,
                           const fs::path& runs) {
  const auto all = static_cast<double>(people.training.size());
  const auto wanted = static_cast<std::size_t>(std::max(2.0, std::round(trial.share * all)));
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < wanted && wanted <= people.training.size(); ++i) {
    chosen.push_back(people.training[i * people.training.size() / wanted]);
  }
  const fs::path list = runs / (trial.name + ".txt");
  write_list(list, chosen);
  TrainingData data;
  data.folder = people.folder;
  data.people = list;
  if (!options.test.faces.landmarks.empty()) data.landmarks = options.test.faces.landmarks;
  return data;
}

// Trained to the end, from the checkpoint where there is one. Nothing when the training came to nothing: the row says
// why.
std::optional<Model> trained(const Common& common, const ExperimentOptions& options, const Trial& trial,
                             const TrainingData& data, const fs::path& runs, ExperimentRow& row) {
  const fs::path finished = runs / (trial.name + ".fnm");
  const fs::path checkpoint = runs / (trial.name + ".checkpoint");
  if (fs::exists(finished)) {
    say(common, trial.name + ": trained before");
    return Model::load(finished);
  }
  Progress progress(common, trial.name);
  const auto reading = [&](std::size_t done, std::size_t total) { progress.show(done, total); };
  Training training =
      fs::exists(checkpoint)
          ? Training::resume(checkpoint, data, std::nullopt, std::nullopt, reading, interrupted())
          : Training(Model::create(trial.network, {.embedding_size = trial.embedding_size, .seed = common.seed}), data,
                     options.training, reading, interrupted());
  say(common, trial.name + ": " + grouped(static_cast<std::int64_t>(training.images())) + " faces of " +
                  grouped(static_cast<std::int64_t>(training.people())) + " people" +
                  (training.steps() > 0 ? ", going on after step " + std::to_string(training.steps()) : ""));
  Clock::time_point saved{};  // the first step is saved at once
  while (!training.done()) {
    if (interrupted().stop_requested()) {
      training.save_checkpoint(checkpoint);
      throw Interrupted("interrupted; all is saved. This goes on:\n  " + common.command_line);
    }
    const TrainingStep step = training.step();
    if (step.health == "diverged" || step.health == "collapsed") {
      row.note = step.health + " at step " + std::to_string(step.step);
      warn(common, trial.name + ": " + row.note + ": " + step.explanation);
      return std::nullopt;
    }
    progress.show(training.progress(), "step " + std::to_string(step.step) + "  loss " + fixed(step.loss, 4));
    if (Clock::now() - saved > std::chrono::minutes(1)) {
      training.save_checkpoint(checkpoint);
      saved = Clock::now();
    }
  }
  Model model = training.model();
  model.save(finished);
  std::error_code ignored;
  fs::remove(checkpoint, ignored);
  return model;
}

// All that decides what the networks become: the folder of the runs belongs to one experiment.
Json description_of(const Common& common, const ExperimentOptions& options, const std::string& kind) {
  const auto& t = options.training;
  const auto absolute = [](const std::string& path) { return path.empty() ? path : fs::absolute(path).string(); };
  return {{"experiment", kind},
          {"data", absolute(common.arguments[1])},
          {"landmarks", absolute(options.test.faces.landmarks)},
          {"eval", absolute(options.evaluation)},
          {"eval_people", absolute(options.evaluation_people)},
          {"network", kind == "flops" ? "" : options.network},
          {"steps", t.steps},
          {"minutes", t.minutes},
          {"people_per_batch", t.people_per_batch},
          {"images_per_person", t.images_per_person},
          {"optimizer", t.optimizer},
          {"learning_rate", t.learning_rate},
          {"schedule", t.schedule},
          {"augment", t.augment},
          {"seed", common.seed}};
}

void claim(const fs::path& runs, const Json& description) {
  const fs::path file = runs / "experiment.json";
  std::error_code error;
  fs::create_directories(runs, error);
  if (error) throw IoError("cannot make the folder '" + printable(runs) + "': " + error.message());
  if (fs::exists(file)) {
    std::ifstream former(file);
    if (parsed({std::istreambuf_iterator<char>(former), {}}) == Json::parse(dump(description))) return;
    throw UsageError("'" + printable(runs) +
                     "' holds networks of another experiment, data or options (its "
                     "experiment.json says which): give another --runs");
  }
  write_file(file, dump(description) + "\n");
}

}  // namespace

int experiment_training(const Common& common, ExperimentOptions options, const std::string& kind, Output& output) {
  require_arguments(common, 2, 2, "the experiment and a folder of people (root/person/image)");
  if (options.training.steps == 0 && options.training.minutes == 0) options.training.minutes = 2;
  options.training.seed = common.seed;
  options.training.threads = common.threads;
  if (!options.evaluation_people.empty() && options.evaluation.empty())
    throw UsageError("--eval-people goes with --eval");
  const fs::path runs = options.runs.empty() ? "experiment-" + kind : options.runs;
  std::vector<Trial> trials = trials_of(options, kind);
  people_in(common.arguments[1]);  // before anything is made
  claim(runs, description_of(common, options, kind));
  const People people = divide(common.arguments[1], options, runs);

  ExperimentTable table;
  table.experiment = kind;
  table.heading = kind == "dims" ? "Embedding size" : kind == "data" ? "Amount of training data" : "Networks";
  table.source = std::string("Schroff et al. 2015, ") + (kind == "dims"   ? "Table 5"
                                                         : kind == "data" ? "Table 6 (260 million images are 1)"
                                                                          : "Table 3");
  table.setting = kind == "dims" ? "embedding size" : kind == "data" ? "share of the people" : "multiply-adds";
  table.key = kind == "dims" ? "embedding_size" : kind == "data" ? "share" : "multiply_adds";
  table.data = (kind == "flops" ? std::string() : options.network + ", ") +
               (options.training.steps > 0 ? std::to_string(options.training.steps) + " steps"
                                           : text_of(options.training.minutes) + " minutes") +
               " each on people of " + printable(common.arguments[1]) + ", tested on others";
  table.logarithmic = true;
  for (Trial& trial : trials) {
    ExperimentRow& row = trial.row;
    const TrainingData data = training_data(people, trial, options, runs);
    const auto model = trained(common, options, trial, data, runs, row);
    if (kind == "flops") {
      const auto cost = model ? model->multiply_adds() : Model::create(trial.network, {}).multiply_adds();
      row.x = static_cast<double>(cost);
      row.setting = trial.network + ", " + fixed(static_cast<double>(cost) / 1e6, 0) + " M";
      row.more["network"] = trial.network;
    }
    if (model) {
      row.here = PeopleTest(*model, people.test, {.threads = common.threads}).run(*model);
      const Json notes = Json::parse(model->training_notes(), nullptr, false);
      row.more["steps"] = notes.value("steps", std::int64_t{0});
      row.note = grouped(notes.value("steps", std::int64_t{0})) + " steps, " +
                 grouped(static_cast<std::int64_t>(model->trained_people())) + " people";
    }
    table.rows.push_back(row);
  }
  give(common, table, options.report, output);
  const bool failed = std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) { return !row.here; });
  return failed ? kSomeFailed : kDone;
}

}  // namespace facenet::program
