// facenet train: from a folder of people to a model, with a log, checkpoints, and the way back after an interruption.
#include <malloc.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include <facenet/error.hpp>
#include <facenet/files.hpp>
#include <facenet/train/training.hpp>

#include "commands.hpp"
#include "output.hpp"
#include "training_log.hpp"
#include "watch.hpp"

namespace facenet::program {
namespace {

using Clock = std::chrono::steady_clock;

// The data or the options do not lead to a network that tells people apart: not a fault of the program.
class Unhealthy : public Error {
 public:
  using Error::Error;
};

struct Options {
  std::string architecture = "nn4";
  std::string norm = "batch";
  int embedding_size = 128;
  std::string from;
  std::string mining = "semi-hard";
  std::string people;
  std::string landmarks;
  std::string evaluation;
  std::string evaluation_people;
  std::int64_t evaluate_every = 0;
  int patience = 0;
  PeopleTestOptions test;
  std::string checkpoint;
  double checkpoint_every = 2;
  std::string resume;
  std::string log;
  bool skip_bad = false;
  TrainingOptions training;
};

std::string describe(const TrainingStep& step) {
  return "step " + std::to_string(step.step) + "  loss " + fixed(step.loss, 4) + "  active " + percent(step.active, 0) +
         "  d(a,p) " + fixed(step.distance_positive, 3) + "  d(a,n) " + fixed(step.distance_negative, 3) +
         "  variance " + fixed(step.variance, 3) + "  " + fixed(step.images_per_s, 0) + " images/s  " + step.health;
}

Model start_model(const Options& options, const Common& common) {
  if (!options.from.empty()) return Model::load(options.from);
  require_name("--norm", options.norm, {"batch", "lrn"});
  return Model::create(options.architecture, {.norm = options.norm == "lrn" ? NetworkNorm::lrn : NetworkNorm::batch,
                                              .embedding_size = options.embedding_size,
                                              .seed = common.seed});
}

Training begin(const Options& options, const TrainingData& data, const Common& common, const CLI::App& app) {
  Progress progress(common, "reading faces");
  const auto show = [&](std::size_t done, std::size_t total) { progress.show(done, total); };
  if (options.resume.empty()) {
    return Training(start_model(options, common), data, options.training, show, interrupted());
  }
  std::optional<std::int64_t> steps;
  std::optional<double> minutes;
  if (app.count("--steps") > 0) steps = options.training.steps;
  if (app.count("--minutes") > 0) minutes = options.training.minutes;
  return Training::resume(options.resume, data, steps, minutes, show, interrupted());
}

// The steps themselves; whether the training came to its end, or why not.
enum class End { done, enough, interrupted, unhealthy, log_failed };

End run_steps(Training& training, const Options& options, const Common& common, TrainingLog& log, Watch* watch) {
  Progress progress(common, "training");
  auto saved = Clock::now();
  std::string health = "ok";
  while (!training.done()) {
    if (interrupted().stop_requested()) return End::interrupted;
    const TrainingStep step = training.step();
    const bool well = step.health == "ok" || step.health == "warming";
    const auto test = watch != nullptr && well ? watch->observe(training, common) : std::nullopt;
    if (!log.write(step, test)) return End::log_failed;
    progress.show(training.progress(), describe(step));
    if (step.health != health && !step.explanation.empty()) {
      warn(common, "step " + std::to_string(step.step) + ": " + step.health + ": " + step.explanation);
    }
    health = step.health;
    if (health == "diverged" || health == "collapsed") return End::unhealthy;
    const std::chrono::duration<double, std::ratio<60>> since = Clock::now() - saved;
    if (watch != nullptr && watch->enough()) return End::enough;
    // A sick state must not replace the checkpoint that one could go back to.
    if (well && since.count() >= options.checkpoint_every) {
      training.save_checkpoint(options.checkpoint);
      saved = Clock::now();
    }
  }
  return End::done;
}

TrainingData data_in(const std::string& folder, const Options& options) {
  TrainingData data;
  data.folder = folder;
  if (!options.landmarks.empty()) data.landmarks = options.landmarks;
  data.skip_bad = options.skip_bad;
  return data;
}

// Calibrated on other people. The model as it is, with a warning, when that cannot be done: hours of training are in
// it.
Model calibrated(const Model& model, const Watch& watch, const Common& common, bool& failed) {
  try {
    const Calibration calibration = watch.calibrate(model);
    say(common, "Calibrated on " + calibration.data + ": the same person up to a distance of " +
                    fixed(static_cast<double>(calibration.threshold), 3) +
                    (calibration.far ? ", where " + percent(*calibration.far, 0) + " of strangers would be accepted"
                                     : ", which decides most pairs rightly"));
    return model.with_calibration(calibration);
  } catch (const Error& error) {
    failed = true;
    warn(common, std::string("the model is not calibrated: ") + error.what());
    return model;
  }
}

// The test on other people, or none, with a warning, when they cannot be used.
std::unique_ptr<Watch> watch_for(const Training& training, const Options& options, const Common& common, bool& failed) {
  if (options.evaluation.empty()) return nullptr;
  try {
    TrainingData people = data_in(options.evaluation, options);
    if (!options.evaluation_people.empty()) people.people = options.evaluation_people;
    PeopleTestOptions test = options.test;
    test.threads = common.threads;
    const Model start = training.model();
    auto watch = std::make_unique<Watch>(start, people, test, options.evaluate_every, options.patience);
    if (!options.from.empty() || options.evaluate_every > 0) watch->begin(start, common);
    return watch;
  } catch (const Error& error) {
    if (options.evaluate_every > 0) throw;
    failed = true;
    warn(common, std::string("the model will not be calibrated: ") + error.what());
    return nullptr;
  }
}

// The command that goes on from the checkpoint. What the checkpoint holds itself is not repeated.
std::string resuming(const Options& options, const Common& common) {
  std::string command = "facenet train " + quoted(common.arguments[0]) + " -o " + quoted(common.output);
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!value.empty()) command += " " + option + " " + quoted(value);
  };
  add("--landmarks", options.landmarks);
  add("--people", options.people);
  add("--eval", options.evaluation);
  add("--eval-people", options.evaluation_people);
  if (options.evaluate_every > 0) add("--eval-every", std::to_string(options.evaluate_every));
  if (options.patience > 0) add("--patience", std::to_string(options.patience));
  if (options.test.degradation.pixels > 0) add("--eval-pixels", std::to_string(options.test.degradation.pixels));
  if (options.test.degradation.jpeg_quality > 0) {
    add("--eval-jpeg-quality", std::to_string(options.test.degradation.jpeg_quality));
  }
  add("--log", options.log);
  if (options.skip_bad) command += " --skip-bad";
  if (options.checkpoint != common.output + ".checkpoint") add("--checkpoint", options.checkpoint);
  add("--resume", options.checkpoint);
  return command;
}

// Options whose values a checkpoint holds: another value beside --resume would not be heard.
void refuse_with_resume(const CLI::App& app) {
  for (const char* option : {"--arch",
                             "--norm",
                             "--embedding-size",
                             "--from",
                             "--freeze",
                             "--freeze-batch-norm",
                             "--rates",
                             "--margin",
                             "--crop",
                             "--people-per-batch",
                             "--images-per-person",
                             "--singles",
                             "--alpha",
                             "--mining",
                             "--optimizer",
                             "--learning-rate",
                             "--schedule",
                             "--warmup",
                             "--weight-decay",
                             "--momentum",
                             "--average",
                             "--clip-gradient",
                             "--augment",
                             "--precision",
                             "--chunk",
                             "--seed",
                             "--threads"}) {
    if (app.count(option) > 0) {
      throw UsageError(std::string(option) + " goes with a new training; --resume takes it from the checkpoint");
    }
  }
}

int train(Options options, const Common& common, const CLI::App& app) {
  require_arguments(common, 1, 1, "a folder of people (root/person/image)");
  if (common.output.empty()) throw UsageError("train needs -o FILE, where the model goes");
  if (options.training.steps == 0 && options.training.minutes == 0 && options.resume.empty()) {
    throw UsageError("train needs an end: --steps N or --minutes M");
  }
  options.training.mining = mining_from_name(options.mining);
  options.training.seed = common.seed;
  options.training.threads = common.threads;
  if (!options.resume.empty()) refuse_with_resume(app);
  if (options.checkpoint.empty()) options.checkpoint = common.output + ".checkpoint";
  for (const auto& file : {common.output, options.checkpoint, options.log}) {
    if (!file.empty()) require_writable(file);
  }
  if (options.evaluation.empty() && (options.evaluate_every > 0 || !options.evaluation_people.empty())) {
    throw UsageError("--eval-every and --eval-people go with --eval DIR");
  }
  if (options.patience > 0 && options.evaluate_every == 0) throw UsageError("--patience goes with --eval-every N");
  if (!options.evaluation.empty() && !std::filesystem::is_directory(options.evaluation)) {
    throw IoError("'" + printable(options.evaluation) + "' (--eval) is no folder");
  }
  TrainingData data = data_in(common.arguments[0], options);
  if (!options.people.empty()) data.people = options.people;

  // Activations come and go with every step: memory given back to the system would have to be cleared again each time.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);

  Training training = begin(options, data, common, app);
  const auto dropped = training.dropped();
  for (const auto& bad : dropped) warn(common, "left out: " + bad);
  say(common, grouped(static_cast<std::int64_t>(training.images())) + " faces of " +
                  grouped(static_cast<std::int64_t>(training.people())) + " people, " +
                  std::to_string(training.batch_size()) + " in a batch" +
                  (training.steps() > 0 ? "; going on after step " + std::to_string(training.steps()) : ""));
  bool uncalibrated = false;
  const auto watch = watch_for(training, options, common, uncalibrated);
  TrainingLog log(options.log, training.steps());

  const End end = run_steps(training, options, common, log, watch.get());
  if (end != End::unhealthy) training.save_checkpoint(options.checkpoint);
  if (end == End::interrupted) {
    std::fprintf(stderr, "Interrupted after step %lld; all is saved. This goes on:\n  %s\n",
                 static_cast<long long>(training.steps()), resuming(options, common).c_str());
    return kInterrupted;
  }
  if (end == End::log_failed) throw IoError("cannot write the log '" + printable(options.log) + "'; is the disk full?");
  if (end == End::unhealthy) {
    throw Unhealthy("stopped at step " + std::to_string(training.steps()) +
                    ", since going on would learn nothing; no model was written");
  }
  if (end == End::enough) {
    say(common, "Stopped: the last " + std::to_string(options.patience) + " tests on other people were no better.");
  }
  training.model().save(common.output);  // before anything else can go wrong
  if (watch) calibrated(watch->finish(training, common), *watch, common, uncalibrated).save(common.output);
  say(common, "Wrote " + printable(common.output) + " after " + grouped(training.steps()) + " steps.");
  return dropped.empty() && !uncalibrated ? kDone : kSomeFailed;
}

}  // namespace

Run setup_train(CLI::App& app, Common& common) {
  auto options = std::make_shared<Options>();
  auto& t = options->training;
  app.add_option("-o,--output", common.output, "The model file to write")->type_name("FILE");
  add_seed_option(app, common);
  app.add_option("--arch", options->architecture, "The network")->type_name("ARCH")->capture_default_str();
  app.add_option("--norm", options->norm, "batch or lrn")->type_name("NORM")->capture_default_str();
  app.add_option("--embedding-size", options->embedding_size, "Numbers in an embedding")->capture_default_str();
  app.add_option("--from", options->from, "Start from this model instead: fine-tuning")->type_name("MODEL");
  app.add_option("--freeze", t.freeze, "Keep parameters whose names match (* and ?)")->type_name("PATTERN");
  app.add_flag("--freeze-batch-norm", t.freeze_batch_norm, "Keep the running statistics, and normalise by them");
  app.add_option("--rates", t.rates, "Multiply the learning rate of parameters whose names match")
      ->type_name("PATTERN=FACTOR,...");
  app.add_option("--people", options->people, "Only the people named in this list")->type_name("LIST.txt");
  app.add_option("--landmarks", options->landmarks, "Five points of each face: align by them")->type_name("F.csv");
  app.add_flag("--skip-bad", options->skip_bad, "Leave unusable images out (exit status 3) instead of refusing");
  app.add_option("--margin", t.margin, "With landmarks: how much more than ArcFace's framing to show")
      ->capture_default_str();
  app.add_option("--crop", t.crop, "Without landmarks: the share of the centred square to use")->capture_default_str();
  app.add_option("--people-per-batch", t.people_per_batch, "People in a batch")->capture_default_str();
  app.add_option("--images-per-person", t.images_per_person, "Images of each")->capture_default_str();
  app.add_option("--singles", t.singles, "Further faces, of people with one image: negatives")->capture_default_str();
  app.add_option("--alpha", t.alpha, "The margin, squared L2")->capture_default_str();
  app.add_option("--mining", options->mining, "semi-hard, hardest, all or random")->capture_default_str();
  app.add_option("--optimizer", t.optimizer, "adagrad, sgd or adam")->capture_default_str();
  app.add_option("--learning-rate", t.learning_rate, "At the start")->capture_default_str();
  app.add_option("--schedule", t.schedule, "constant, cosine, linear or step")->capture_default_str();
  app.add_option("--warmup", t.warmup, "Share of the training in which the rate rises")->capture_default_str();
  app.add_option("--weight-decay", t.weight_decay, "Of weights, not of biases and norms")->capture_default_str();
  app.add_option("--momentum", t.momentum, "Of sgd")->capture_default_str();
  app.add_option("--average", t.average, "Decay of averaged weights, e.g. 0.999; 0: none")->capture_default_str();
  app.add_option("--clip-gradient", t.clip_gradient, "Largest norm; 0: any")->capture_default_str();
  app.add_option("--augment", t.augment, "none, flip, standard, strong or degraded")->capture_default_str();
  app.add_option("--precision", t.precision, "automatic, f32 or bf16")->capture_default_str();
  app.add_option("--chunk", t.chunk, "Faces at a time, to save memory; 0: the whole batch")->capture_default_str();
  app.add_option("--steps", t.steps, "How many batches")->type_name("N");
  app.add_option("--minutes", t.minutes, "How long")->type_name("M");
  app.add_option("--eval", options->evaluation, "Test and calibrate on the people of this other folder")
      ->type_name("DIR");
  app.add_option("--eval-people", options->evaluation_people, "Only these people of it")->type_name("LIST.txt");
  app.add_option("--eval-every", options->evaluate_every,
                 "Steps between tests on them; the best tested state is the result (0: the last)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_option("--patience", options->patience, "Stop after so many tests that were no better (0: never)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  app.add_option("--eval-pixels", options->test.degradation.pixels, "Test with faces of so few pixels")->type_name("N");
  app.add_option("--eval-jpeg-quality", options->test.degradation.jpeg_quality, "and of this JPEG quality")
      ->type_name("Q");
  app.add_option("--checkpoint", options->checkpoint, "Where to save on the way (OUTPUT.checkpoint)")->type_name("C");
  app.add_option("--checkpoint-every", options->checkpoint_every, "Minutes between savings")->capture_default_str();
  app.add_option("--resume", options->resume, "Go on from this checkpoint, with its options")->type_name("C");
  app.add_option("--log", options->log, "A line of JSON for each step")->type_name("L.jsonl");
  return [options, &common, &app] { return train(*options, common, app); };
}

}  // namespace facenet::program
