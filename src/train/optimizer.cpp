// Optimisers and schedules. The loops are element by element, so any number of threads gives the same bits.
#include "train/optimizer.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include <facenet/error.hpp>

#include "base/simd.hpp"
#include "base/threads.hpp"

namespace facenet {
namespace {

template <typename Kind, std::size_t N>
Kind from_name(std::string_view name, const std::pair<std::string_view, Kind> (&list)[N], std::string_view what) {
  std::string known;
  for (const auto& [entry, kind] : list) {
    if (entry == name) return kind;
    known += (known.empty() ? "" : ", ") + std::string(entry);
  }
  throw InvalidArgument("no " + std::string(what) + " is called '" + std::string(name) + "'; known are " + known);
}

constexpr std::pair<std::string_view, OptimizerKind> kOptimizers[] = {
    {"adagrad", OptimizerKind::adagrad}, {"sgd", OptimizerKind::sgd}, {"adam", OptimizerKind::adam}};
constexpr std::pair<std::string_view, ScheduleKind> kSchedules[] = {{"constant", ScheduleKind::constant},
                                                                    {"cosine", ScheduleKind::cosine},
                                                                    {"linear", ScheduleKind::linear},
                                                                    {"step", ScheduleKind::step}};

FACENET_SIMD void sgd(float* w, const float* g, float* v, std::size_t count, float rate, float decay, float momentum) {
  for (std::size_t i = 0; i < count; ++i) {
    v[i] = momentum * v[i] + g[i] + decay * w[i];
    w[i] -= rate * v[i];
  }
}

FACENET_SIMD void adagrad(float* w, const float* g, float* s, std::size_t count, float rate, float decay,
                          float epsilon) {
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = g[i] + decay * w[i];
    s[i] += gradient * gradient;
    w[i] -= rate * gradient / (std::sqrt(s[i]) + epsilon);
  }
}

struct Adam {
  float rate, decay, beta1, beta2, epsilon, correction1, correction2;
};
FACENET_SIMD void adam(float* w, const float* g, float* m, float* v, std::size_t count, const Adam& a) {
  for (std::size_t i = 0; i < count; ++i) {
    m[i] = a.beta1 * m[i] + (1 - a.beta1) * g[i];
    v[i] = a.beta2 * v[i] + (1 - a.beta2) * g[i] * g[i];
    w[i] -= a.rate * a.decay * w[i];
    w[i] -= a.rate * (m[i] * a.correction1) / (std::sqrt(v[i] * a.correction2) + a.epsilon);
  }
}

// Calls function(offset, count) for pieces of a tensor, over the threads.
template <typename Function>
void in_pieces(std::size_t count, Function&& function) {
  constexpr std::size_t kPiece = 65536;
  parallel_for(static_cast<std::int64_t>((count + kPiece - 1) / kPiece), [&](std::int64_t piece) {
    const std::size_t begin = static_cast<std::size_t>(piece) * kPiece;
    function(begin, std::min(kPiece, count - begin));
  });
}

std::string slot_name(const Parameter& parameter, std::size_t index) {
  return "optimizer/" + std::to_string(index) + "/" + parameter.name;
}

}  // namespace

OptimizerKind optimizer_from_name(std::string_view name) { return from_name(name, kOptimizers, "optimiser"); }
ScheduleKind schedule_from_name(std::string_view name) { return from_name(name, kSchedules, "schedule"); }
std::string_view name_of(OptimizerKind kind) { return kOptimizers[static_cast<std::size_t>(kind)].first; }
std::string_view name_of(ScheduleKind kind) { return kSchedules[static_cast<std::size_t>(kind)].first; }

Optimizer::Optimizer(std::vector<ParameterPtr> parameters, const OptimizerOptions& options) : options_(options) {
  if (options_.epsilon <= 0) options_.epsilon = options.kind == OptimizerKind::adam ? 1e-8F : 1e-10F;
  const std::size_t memories = options.kind == OptimizerKind::adam ? 2 : 1;
  for (auto& parameter : parameters) {
    if (parameter->buffer || !parameter->trainable) continue;
    Slot slot{parameter, {}};
    for (std::size_t i = 0; i < memories; ++i) slot.memory.push_back(Tensor::zeros(parameter->value.spec()));
    for (const auto& rate : options.rates) {
      if (::fnmatch(rate.pattern.c_str(), parameter->name.c_str(), 0) == 0) slot.factor = rate.factor;
    }
    slots_.push_back(std::move(slot));
  }
  if (slots_.empty()) throw InvalidArgument("all parameters are frozen: there is nothing to train");
  for (const auto& rate : options.rates) {
    const bool any = std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return ::fnmatch(rate.pattern.c_str(), slot.parameter->name.c_str(), 0) == 0;
    });
    if (!any) throw InvalidArgument("no parameter that is trained matches '" + rate.pattern + "'");
  }
}

void Optimizer::step(float learning_rate) {
  ++steps_;
  const auto t = static_cast<double>(steps_);
  const auto correction = [t](float beta) {
    return static_cast<float>(1 / (1 - std::pow(static_cast<double>(beta), t)));
  };
  for (auto& slot : slots_) {
    if (!slot.parameter->gradient) continue;
    const auto w = slot.parameter->value.floats();
    const auto g = slot.parameter->gradient.floats();
    const float rate = learning_rate * slot.factor;
    const float decay = slot.parameter->decay ? options_.weight_decay : 0.0F;
    const Adam a{rate,
                 decay,
                 options_.beta1,
                 options_.beta2,
                 options_.epsilon,
                 correction(options_.beta1),
                 correction(options_.beta2)};
    in_pieces(w.size(), [&](std::size_t at, std::size_t count) {
      float* first = slot.memory[0].floats().data() + at;
      switch (options_.kind) {
        case OptimizerKind::sgd:
          sgd(w.data() + at, g.data() + at, first, count, rate, decay, options_.momentum);
          break;
        case OptimizerKind::adagrad:
          adagrad(w.data() + at, g.data() + at, first, count, rate, decay, options_.epsilon);
          break;
        case OptimizerKind::adam:
          adam(w.data() + at, g.data() + at, first, slot.memory[1].floats().data() + at, count, a);
          break;
      }
    });
  }
}

std::vector<Optimizer::NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> list;
  for (const auto& slot : slots_) {
    for (std::size_t i = 0; i < slot.memory.size(); ++i)
      list.push_back({slot_name(*slot.parameter, i), slot.memory[i]});
  }
  return list;
}

void Optimizer::restore(const std::vector<NamedTensor>& state, std::int64_t steps) {
  for (auto& slot : slots_) {
    for (std::size_t i = 0; i < slot.memory.size(); ++i) {
      const std::string name = slot_name(*slot.parameter, i);
      const auto found = std::find_if(state.begin(), state.end(), [&](const auto& s) { return s.name == name; });
      if (found == state.end() || found->value.shape() != slot.memory[i].shape()) {
        throw InvalidArgument("the checkpoint has no '" + name + "' of shape " + slot.memory[i].shape().text() +
                              ": it was written for another network or optimiser");
      }
      slot.memory[i] = found->value.clone();
    }
  }
  steps_ = steps;
}

float Schedule::at(double progress) const {
  const double p = std::clamp(progress, 0.0, 1.0);
  double factor = 1;
  switch (kind) {
    case ScheduleKind::constant:
      break;
    case ScheduleKind::cosine:
      factor = (1 + std::cos(std::numbers::pi * p)) / 2;
      break;
    case ScheduleKind::linear:
      factor = 1 - p;
      break;
    case ScheduleKind::step:
      factor = p < 0.5 ? 1 : p < 0.75 ? 0.1 : 0.01;
      break;
  }
  if (warmup > 0 && p < static_cast<double>(warmup)) factor *= p / static_cast<double>(warmup);
  return static_cast<float>(static_cast<double>(learning_rate) * factor);
}

namespace {

// Eight sums side by side, added in order: one alone would wait for each addition.
FACENET_SIMD double sum_of_squares(const float* values, std::size_t count) {
  constexpr std::size_t kLanes = 8;
  double sums[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      sums[k] += static_cast<double>(values[i + k]) * static_cast<double>(values[i + k]);
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return total;
}

}  // namespace

double gradient_norm(const std::vector<ParameterPtr>& parameters) {
  double squares = 0;
  for (const auto& parameter : parameters) {
    if (!parameter->gradient) continue;
    const auto g = parameter->gradient.floats();
    // Blocks of fixed size in double, added in order: the same bits at any thread count.
    constexpr std::size_t kBlock = 4096;
    std::vector<double> sums((g.size() + kBlock - 1) / kBlock);
    parallel_for(static_cast<std::int64_t>(sums.size()), [&](std::int64_t block) {
      const std::size_t begin = static_cast<std::size_t>(block) * kBlock;
      sums[static_cast<std::size_t>(block)] = sum_of_squares(g.data() + begin, std::min(kBlock, g.size() - begin));
    });
    for (const double sum : sums) squares += sum;
  }
  return std::sqrt(squares);
}

void move_average(const Tensor& average, const Tensor& value, float decay) {
  const auto to = average.floats();
  const auto from = value.floats();
  in_pieces(to.size(), [&](std::size_t at, std::size_t count) {
    for (std::size_t i = at; i < at + count; ++i) to[i] += (1 - decay) * (from[i] - to[i]);
  });
}

}  // namespace facenet
