// Training options: one list of fields serves both directions of JSON.
#include "api/training_options.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <type_traits>

#include <facenet/error.hpp>
#include <facenet/precision.hpp>

namespace facenet {
namespace {

constexpr std::string_view kReductions[] = {"mean_selected", "mean_active", "sum"};

TripletReduction reduction_from_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kReductions); ++i) {
    if (kReductions[i] == name) return static_cast<TripletReduction>(i);
  }
  throw InvalidArgument("no reduction is called '" + std::string(name) + "'");
}

template <typename Options, typename Field>
void visit(Options& o, Field&& field) {
  field("steps", o.steps);
  field("minutes", o.minutes);
  field("people_per_batch", o.people_per_batch);
  field("images_per_person", o.images_per_person);
  field("singles", o.singles);
  field("alpha", o.alpha);
  field("optimizer", o.optimizer);
  field("learning_rate", o.learning_rate);
  field("momentum", o.momentum);
  field("weight_decay", o.weight_decay);
  field("schedule", o.schedule);
  field("warmup", o.warmup);
  field("average", o.average);
  field("clip_gradient", o.clip_gradient);
  field("margin", o.margin);
  field("crop", o.crop);
  field("augment", o.augment);
  field("precision", o.precision);
  field("chunk", o.chunk);
  field("freeze", o.freeze);
  field("freeze_batch_norm", o.freeze_batch_norm);
  field("rates", o.rates);
  field("seed", o.seed);
  field("threads", o.threads);
}

// Numbers that their type cannot hold are refused, not cut to size.
template <typename T>
void read(const Json& json, T& value, const std::string& what) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = json.get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    value = json.get<bool>();
  } else if constexpr (std::is_floating_point_v<T>) {
    checked_float(json, what);
    value = json.get<T>();
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    if (!json.is_number_unsigned()) throw FormatError(what + " must be a whole number, 0 or more");
    value = json.get<std::uint64_t>();
  } else {
    value = static_cast<T>(checked_integer(json, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), what));
  }
}

void require(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

}  // namespace

Augmentation augmentation_of(const std::string& preset) {
  if (preset == "none") return Augmentation::none();
  if (preset == "flip") {
    Augmentation flip = Augmentation::none();
    flip.flip = 0.5;
    return flip;
  }
  if (preset == "standard") return {};
  if (preset == "strong") {
    return {.shift = 0.06,
            .scale = 0.12,
            .rotation = 8,
            .brightness = 0.2,
            .contrast = 0.3,
            .saturation = 0.4,
            .grayscale = 0.1,
            .low_resolution = 0.15,
            .erase = 0.35,
            .erase_size = 0.45};
  }
  if (preset == "degraded") return {.low_resolution = 0, .erase = 0, .degrade = 0.6};
  throw InvalidArgument("no augmentation is called '" + preset + "'; known are none, flip, standard, strong, degraded");
}

// "conv*=0.1,embedding*=10"
std::vector<RateFactor> rates_from(const std::string& text) {
  std::vector<RateFactor> rates;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t equals = part.rfind('=');
    std::size_t used = 0;
    double factor = -1;
    try {
      if (equals != std::string::npos && equals > 0) factor = std::stod(part.substr(equals + 1), &used);
    } catch (const std::logic_error&) {
      used = 0;
    }
    if (used == 0 || equals + 1 + used != part.size() || !(factor >= 0 && factor <= 1000)) {
      throw InvalidArgument("rates are written PATTERN=FACTOR, factors 0 to 1000, with commas between, not '" + part +
                            "'");
    }
    rates.push_back({part.substr(0, equals), static_cast<float>(factor)});
  }
  return rates;
}

void validate(const TrainingOptions& o) {
  require(o.steps > 0 || o.minutes > 0, "a training needs an end: steps or minutes");
  require(o.steps >= 0 && std::isfinite(o.minutes) && o.minutes >= 0, "steps and minutes cannot be negative");
  require(std::isfinite(o.learning_rate) && o.learning_rate > 0, "the learning rate must be positive");
  require(o.weight_decay >= 0 && std::isfinite(o.weight_decay), "weight decay must be 0 or more");
  require(o.momentum >= 0 && o.momentum < 1, "momentum must be in [0, 1)");
  require(o.warmup >= 0 && o.warmup < 1, "warmup is a fraction of the training, in [0, 1)");
  require(o.average >= 0 && o.average < 1, "the decay of averaged weights must be in [0, 1)");
  require(o.clip_gradient >= 0 && std::isfinite(o.clip_gradient), "the gradient's limit must be 0 (none) or more");
  require(o.margin > -0.5F && o.margin < 2, "the margin must be between -0.5 and 2");
  require(o.crop > 0 && o.crop <= 1, "crop must be above 0 and up to 1");
  require(o.chunk >= 0, "the chunk must be 0 (the whole batch) or more");
  require(o.threads >= 0 && o.threads <= 1024, "threads must be 0 (all) to 1024");
  TripletMiner({o.mining, o.alpha, o.seed});
  augmentation_of(o.augment);
  trainer_options(o);
}

Json options_to_json(const TrainingOptions& options) {
  Json json = Json::object();
  visit(options, [&](const char* name, const auto& value) { json[name] = value; });
  json["mining"] = std::string(name_of(options.mining));
  json["reduction"] = std::string(kReductions[static_cast<std::size_t>(options.reduction)]);
  return json;
}

TrainingOptions options_from_json(const Json& json, const std::string& what) {
  TrainingOptions options;
  try {
    visit(options, [&](const char* name, auto& value) { read(json.at(name), value, what + ": " + name); });
    options.mining = mining_from_name(json.at("mining").get<std::string>());
    options.reduction = reduction_from_name(json.at("reduction").get<std::string>());
    validate(options);
  } catch (const Json::exception& error) {
    throw FormatError(what + ": options: " + error.what());
  } catch (const InvalidArgument& error) {
    throw FormatError(what + ": options: " + error.what());
  }
  return options;
}

SamplerOptions sampler_options(const TrainingOptions& o) {
  return {o.people_per_batch, o.images_per_person, o.singles, o.seed};
}

TrainerOptions trainer_options(const TrainingOptions& o) {
  return {.mining = {o.mining, o.alpha, o.seed},
          .reduction = o.reduction,
          .optimizer = {.kind = optimizer_from_name(o.optimizer),
                        .momentum = o.momentum,
                        .weight_decay = o.weight_decay,
                        .rates = rates_from(o.rates)},
          .schedule = {schedule_from_name(o.schedule), o.learning_rate, o.warmup},
          .average_decay = o.average,
          .clip_gradient = o.clip_gradient,
          .chunk = o.chunk,
          .precision = precision_from_name(o.precision),
          .seed = o.seed};
}

}  // namespace facenet
