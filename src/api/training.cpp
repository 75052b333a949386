// Training: data, trainer and checkpoints joined.
#include <facenet/train/training.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include <facenet/error.hpp>

#include "api/model_access.hpp"
#include "api/training_data.hpp"
#include "api/training_options.hpp"
#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/threads.hpp"
#include "data/loader.hpp"
#include "io/json.hpp"
#include "io/model_file.hpp"
#include "kernels/kernel.hpp"
#include "train/trainer.hpp"

namespace facenet {
namespace {

using Clock = std::chrono::steady_clock;

// Sets how the model sees faces, where training decides it: aligned to a template, or centre-cropped.
void settle_contract(ModelData& model, bool aligned, const TrainingOptions& options) {
  if (!aligned) {
    if (model.contract.template_points) {
      throw InvalidArgument("the model was trained on aligned faces: training goes on with landmarks only");
    }
    model.contract.crop_fraction = options.crop;
    return;
  }
  if (model.contract.template_points) return;
  const ImageInput input = image_input_of(model.graph);
  model.contract.template_points = arcface_template({input.width, input.height}, options.margin).points;
  model.contract.template_name = "arcface";
}

// A folder without a pair of images of one person, or of one person alone, is not what training needs.
FaceDataset open_training(const ModelData& model, const TrainingData& data, const Training::Progress& progress,
                          const std::stop_token& stop) {
  FaceDataset dataset = open_dataset(model, data, progress, stop);
  const std::vector<std::int32_t> images = dataset.index().counts();
  const std::string folder = "'" + printable(data.folder) + "': ";
  if (images.size() < 2) {
    throw FormatError(folder + "there is only one person: no negatives to learn from. Add folders of other people.");
  }
  if (*std::max_element(images.begin(), images.end()) < 2) {
    throw FormatError(folder +
                      "no person has two images or more: there is no anchor with a positive to learn from. Put several "
                      "photographs of a person into one folder.");
  }
  return dataset;
}

// Which files of which people, and where their faces are: others would give other batches.
std::string data_fingerprint(const FaceDataset& dataset) {
  Sha256 hash;
  const auto& images = dataset.index().images;
  for (std::size_t i = 0; i < images.size(); ++i) {
    hash.update(std::to_string(images[i].person) + " " + images[i].file + "\n");
    if (const auto& landmarks = dataset.landmarks(i)) hash.update(std::as_bytes(std::span(*landmarks)));
  }
  return hash.hex();
}

void freeze(const Graph& graph, const std::string& pattern) {
  if (pattern.empty()) return;
  bool any = false;
  for (const auto& parameter : graph.parameters()) {
    if (::fnmatch(pattern.c_str(), parameter->name.c_str(), 0) != 0) continue;
    parameter->trainable = false;
    any = true;
  }
  if (!any) throw InvalidArgument("no parameter matches the pattern '" + pattern + "' to freeze");
}

void freeze_batch_norm(const Graph& graph) {
  for (const auto& node : graph.nodes()) {
    if (node.op->name() == "batch_norm") graph.value(node.src[3]).parameter->trainable = false;  // the running mean
  }
}

int threads_of(const TrainingOptions& options) { return options.threads > 0 ? options.threads : available_threads(); }

}  // namespace

struct Training::State {
  State(ModelData m, const TrainingData& data, const TrainingOptions& o, const Progress& progress,
        const std::stop_token& stop)
      : options(o),
        model(std::move(m)),
        dataset(open_training(model, data, progress, stop)),
        sampler(dataset.index().labels(), sampler_options(o)),
        fingerprint(data_fingerprint(dataset)) {
    freeze(model.graph, o.freeze);
    if (o.freeze_batch_norm) freeze_batch_norm(model.graph);
    trainer = std::make_unique<Trainer>(model.graph, trainer_options(o));
  }

  // Batches are made from the step that comes next on; anew after a step that did not count.
  PrefetchingLoader& batches() {
    if (!loader || loader->next_step() != trainer->steps()) {
      loader = std::make_unique<PrefetchingLoader>(
          dataset, sampler, augmentation_of(options.augment),
          LoaderOptions{
              .seed = options.seed, .first_step = trainer->steps(), .threads = std::max(1, threads_of(options) / 2)});
    }
    return *loader;
  }

  double progress() const {
    const double by_steps =
        options.steps > 0 ? static_cast<double>(trainer->steps()) / static_cast<double>(options.steps) : 0;
    const double by_time = options.minutes > 0 ? seconds / (60 * options.minutes) : 0;
    return std::min(1.0, std::max(by_steps, by_time));
  }

  TrainingOptions options;
  ModelData model;
  FaceDataset dataset;
  IdentitySampler sampler;
  std::string fingerprint;
  std::unique_ptr<Trainer> trainer;
  std::unique_ptr<PrefetchingLoader> loader;
  double seconds = 0;  // of training, those before a resume included
};

Training::Training(std::unique_ptr<State> state) : state_(std::move(state)) {}
Training::Training(const Model& start, const TrainingData& data, const TrainingOptions& options,
                   const Progress& progress, const std::stop_token& stop) {
  validate(options);
  const ThreadScope threads(threads_of(options));
  ModelData model = model_data(start);
  model.graph = model.graph.clone();  // the caller's model stays as it is
  model.calibration.clear();          // it belonged to the former weights
  model.int8.clear();                 // so did these ranges
  settle_contract(model, data.landmarks.has_value(), options);
  state_ = std::make_unique<State>(std::move(model), data, options, progress, stop);
}
Training::~Training() = default;
Training::Training(Training&&) noexcept = default;
Training& Training::operator=(Training&&) noexcept = default;

Training Training::resume(const std::filesystem::path& checkpoint, const TrainingData& data,
                          std::optional<std::int64_t> steps, std::optional<double> minutes, const Progress& progress,
                          const std::stop_token& stop) {
  LoadedModel loaded = load_model(checkpoint);
  const std::string file = "'" + printable(checkpoint) + "'";
  if (loaded.extras.state.empty()) {
    throw FormatError(file + " is a model, but no checkpoint: it cannot be resumed; use it to start from instead");
  }
  const Json json = parse_json(loaded.extras.state, file);
  TrainingOptions options = options_from_json(member(json, "options", Json::value_t::object, file), file);
  if (steps || minutes) {  // the new end alone counts
    options.steps = steps.value_or(0);
    options.minutes = minutes.value_or(0);
    validate(options);
  }
  const ThreadScope threads(threads_of(options));
  settle_contract(loaded.model, data.landmarks.has_value(), options);
  // What was measured then, where this processor has it: the same bits.
  const bool automatic = options.precision == name_of(Precision::automatic);
  if (automatic && json.contains("precision")) {
    const auto then = member(json, "precision", Json::value_t::string, file).get<std::string>();
    if (then == "f32" || (then == "bf16" && kernels::has_native_bf16())) options.precision = then;
  }
  auto state = std::make_unique<State>(std::move(loaded.model), data, options, progress, stop);
  if (automatic) state->options.precision = name_of(Precision::automatic);
  if (state->fingerprint != member(json, "data", Json::value_t::string, file).get<std::string>()) {
    throw InvalidArgument(file + " was trained on other images than those of '" + printable(data.folder) +
                          "': resume with the same folder, people and landmarks");
  }
  std::vector<Optimizer::NamedTensor> tensors;
  for (const auto& tensor : loaded.extras.tensors) tensors.push_back({tensor.name, tensor.tensor()});
  constexpr std::int64_t kMaxSteps = std::int64_t{1} << 40U;
  const auto done = checked_integer(member(json, "steps", Json::value_t::number_unsigned, file), 0, kMaxSteps, file);
  try {
    state->trainer->restore(tensors, done);
  } catch (const InvalidArgument& error) {
    throw FormatError(file + ": " + error.what());
  }
  state->seconds = member(json, "seconds", Json::value_t::number_float, file).get<double>();
  return Training(std::move(state));
}

TrainingStep Training::step() {
  State& s = *state_;
  const ThreadScope threads(threads_of(s.options));
  const auto begin = Clock::now();
  const FaceBatch batch = s.batches().next();
  const auto count = static_cast<std::int64_t>(batch.count());
  const Tensor images(TensorSpec{{count, batch.size.height, batch.size.width, 3}, DataType::u8});
  std::memcpy(images.raw(), batch.pixels.data(), batch.pixels.size());
  const StepReport report = s.trainer->step(images, batch.labels, s.progress());
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  s.seconds += seconds;
  const auto& m = report.measures;
  return {.step = report.step,
          .loss = m.loss,
          .active = m.active_fraction,
          .triplets = m.triplets,
          .distance_positive = m.distance_positive,
          .distance_negative = m.distance_negative,
          .variance = m.variance,
          .gradient_norm = m.gradient_norm,
          .learning_rate = report.learning_rate,
          .images_per_s = static_cast<double>(count) / seconds,
          .seconds = s.seconds,
          .health = std::string(name_of(report.health)),
          .explanation = explanation(report.health)};
}

bool Training::done() const { return progress() >= 1; }
double Training::progress() const { return state_->progress(); }
std::int64_t Training::steps() const { return state_->trainer->steps(); }
const TrainingOptions& Training::options() const { return state_->options; }
std::size_t Training::batch_size() const { return state_->sampler.batch_size(); }
std::size_t Training::people() const { return state_->dataset.index().people.size(); }
std::size_t Training::images() const { return state_->dataset.size(); }

std::vector<std::string> Training::dropped() const {
  std::vector<std::string> list;
  for (const auto& bad : state_->dataset.dropped()) list.push_back(bad.file + ": " + bad.reason);
  return list;
}

namespace {

ModelData snapshot(const ModelData& start, const FolderIndex& index, const Trainer& trainer,
                   const TrainingOptions& options, double seconds) {
  ModelData data = start;
  data.data_notes = "trained on " + std::to_string(index.images.size()) + " faces of " +
                    std::to_string(index.people.size()) + " people";
  data.people = with_people(start.people, index.people);  // fine-tuning adds to those of before
  data.graph = trainer.result().clone();
  for (const auto& parameter : data.graph.parameters()) parameter->trainable = true;  // frozen here, not for ever
  data.training = json_text({{"steps", trainer.steps()},
                             {"seconds", seconds},
                             {"precision", name_of(trainer.precision())},
                             {"options", options_to_json(options)}});
  return data;
}

}  // namespace

Model Training::model() const {
  const State& s = *state_;
  return make_model(snapshot(s.model, s.dataset.index(), *s.trainer, s.options, s.seconds));
}

void Training::save_checkpoint(const std::filesystem::path& path) const {
  const State& s = *state_;
  TrainingExtras extras;
  extras.state = json_text({{"options", options_to_json(s.options)},
                            {"precision", name_of(s.trainer->precision())},
                            {"data", s.fingerprint},
                            {"steps", static_cast<std::uint64_t>(s.trainer->steps())},
                            {"seconds", s.seconds}});
  for (const auto& tensor : s.trainer->state()) extras.tensors.push_back(NamedTensor::of(tensor.name, tensor.value));
  save_model(path, snapshot(s.model, s.dataset.index(), *s.trainer, s.options, s.seconds), extras);
}

}  // namespace facenet
