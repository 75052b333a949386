// Optimisers: SGD with momentum, AdaGrad (the paper's), Adam. Learning-rate schedules. Averaged weights.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/recorder.hpp"

namespace facenet {

enum class OptimizerKind : std::uint8_t { adagrad, sgd, adam };
OptimizerKind optimizer_from_name(std::string_view name);
std::string_view name_of(OptimizerKind kind);

/// The learning rate of parameters whose names match the pattern (* and ?) is multiplied by the factor.
struct RateFactor {
  std::string pattern;
  float factor = 1;
};

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adagrad;
  float momentum = 0.9F;               ///< sgd
  float beta1 = 0.9F, beta2 = 0.999F;  ///< adam
  float epsilon = 0;                   ///< 0: 1e-10 for adagrad, 1e-8 for adam
  float weight_decay = 0;              ///< sgd, adagrad: added to the gradient (L2); adam: decoupled
  std::vector<RateFactor> rates{};     ///< the last that matches counts
};

/// Updates parameters from their gradients, in place. Only trainable parameters that have a gradient move.
///   sgd      v = momentum * v + g;                            w -= rate * v                 (Polyak 1964)
///   adagrad  s += g^2;                                        w -= rate * g / (sqrt(s) + e) (Duchi et al. 2011)
///   adam     m, v moving means of g, g^2, bias corrected;     w -= rate * m / (sqrt(v) + e) (Kingma and Ba 2015),
///            decay: w -= rate * weight_decay * w                                            (Loshchilov and Hutter
///            2019)
class Optimizer {
 public:
  /// InvalidArgument when a pattern of `options.rates` matches no parameter, and when none is trainable.
  Optimizer(std::vector<ParameterPtr> parameters, const OptimizerOptions& options);

  void step(float learning_rate);
  /// Steps taken so far.
  std::int64_t steps() const { return steps_; }

  /// The optimiser's memory as named tensors, to be saved and, with the same parameters, put back.
  struct NamedTensor {
    std::string name;
    Tensor value;
  };
  std::vector<NamedTensor> state() const;
  /// InvalidArgument when a tensor is missing or has another shape.
  void restore(const std::vector<NamedTensor>& state, std::int64_t steps);

 private:
  struct Slot {
    ParameterPtr parameter;
    std::vector<Tensor> memory;  // sgd: v; adagrad: s; adam: m, v
    float factor = 1;            // of the learning rate
  };
  OptimizerOptions options_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

enum class ScheduleKind : std::uint8_t { constant, cosine, linear, step };
ScheduleKind schedule_from_name(std::string_view name);
std::string_view name_of(ScheduleKind kind);

/// Learning rate as a function of the progress 0..1 of the whole training.
///   constant; cosine: rate * (1 + cos(pi * p)) / 2; linear: rate * (1 - p); step: a tenth from each of 1/2 and 3/4 on
struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  float learning_rate = 0.05F;
  float warmup = 0;  ///< fraction of the training in which the rate rises linearly from 0
  float at(double progress) const;
};

/// L2 norm of all gradients together.
double gradient_norm(const std::vector<ParameterPtr>& parameters);

/// average = decay * average + (1 - decay) * value, for one parameter's values and for running statistics.
void move_average(const Tensor& average, const Tensor& value, float decay);

}  // namespace facenet
