// A training step: embed, mine, loss, backward, update.
#include "train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include <facenet/error.hpp>

#include "autograd/tape.hpp"
#include "base/random.hpp"
#include "base/threads.hpp"
#include "kernels/convolution.hpp"
#include "kernels/elementwise.hpp"
#include "ops/batch_norm.hpp"
#include "ops/image_to_tensor.hpp"

namespace facenet {
namespace {

// Whether a convolution takes less time in bfloat16: there are processors with the instruction that do not gain by it.
// On one thread, which waits for no other however busy the machine is: the answer is the same each time.
bool bf16_pays() {
  if (!kernels::has_native_bf16()) return false;
  static const bool pays = [] {
    const ThreadScope alone(1);
    double seconds[2];
    for (const bool bf16 : {false, true}) {
      const auto convolution = kernels::convolution_forward({.src = {4, 64, 28, 28},
                                                             .weights = {64, 64, 3, 3},
                                                             .pad_begin = {1, 1},
                                                             .pad_end = {1, 1},
                                                             .type = bf16 ? DataType::bf16 : DataType::f32});
      const Tensor src(convolution->src), dst(convolution->dst);
      const Tensor weights(TensorSpec{{static_cast<std::int64_t>(convolution->packed_bytes)}, DataType::u8});
      for (const Tensor& tensor : {src, weights}) std::memset(tensor.raw(), 0, tensor.spec().bytes());
      seconds[bf16 ? 1 : 0] = std::numeric_limits<double>::infinity();
      for (int run = 0; run < 10; ++run) {
        const auto before = std::chrono::steady_clock::now();
        convolution->kernel->run({src.raw(), weights.raw(), dst.raw()});
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
        seconds[bf16 ? 1 : 0] = std::min(seconds[bf16 ? 1 : 0], taken.count());
      }
    }
    return seconds[1] < seconds[0];
  }();
  return pays;
}

Precision resolved(Precision precision) {
  if (precision == Precision::int8 || precision == Precision::f16) {
    throw InvalidArgument(std::string(name_of(precision)) + " is for embedding; train with f32, bf16 or automatic");
  }
  if (precision == Precision::automatic) return bf16_pays() ? Precision::bf16 : Precision::f32;
  kernels::require_native(precision);
  return precision;
}

// The graph as one training runs it: image_to_tensor makes bf16, which all operators after it follow, and batch
// normalisation whose running mean is not trained is frozen.
Graph for_training(const Graph& graph, bool bf16) {
  Graph copy(graph.input_shape());
  for (std::size_t i = 1; i < graph.values().size(); ++i) {
    if (const auto& parameter = graph.values()[i].parameter) {
      copy.add_parameter(parameter);
      continue;
    }
    const auto& node = *std::find_if(graph.nodes().begin(), graph.nodes().end(),
                                     [&](const auto& n) { return n.dst == static_cast<int>(i); });
    OperatorPtr op = node.op;
    if (const auto* image = dynamic_cast<const ImageToTensor*>(op.get()); image != nullptr && bf16) {
      auto changed = std::make_shared<ImageToTensor>(*image);
      changed->parameters.bf16 = true;
      op = changed;
    }
    if (const auto* norm = dynamic_cast<const BatchNorm*>(op.get())) {
      if (const auto& mean = graph.value(node.src[3]).parameter; mean && !mean->trainable) {
        auto changed = std::make_shared<BatchNorm>(*norm);
        changed->parameters.frozen = true;
        op = changed;
      }
    }
    copy.add_node(node.name, op, node.src);
  }
  copy.set_output(graph.output());
  return copy;
}

Tensor rows(const Tensor& images, std::int64_t begin, std::int64_t count) {
  const auto bytes = images.spec().bytes() / static_cast<std::size_t>(images.shape()[0]);
  return {
      TensorSpec{images.shape().with_batch(count), images.type(), Layout::plain},
      std::shared_ptr<std::byte>(images.storage(), images.storage().get() + static_cast<std::size_t>(begin) * bytes)};
}

}  // namespace

Trainer::Trainer(const Graph& graph, const TrainerOptions& options)
    : graph_(graph),
      training_(graph),
      options_(options),
      parameters_(graph.parameters()),
      optimizer_(parameters_, options.optimizer),
      monitor_(options.mining.alpha) {
  options_.precision = resolved(options.precision);
  training_ = for_training(graph_, options_.precision == Precision::bf16);
  if (options_.average_decay < 0 || options_.average_decay >= 1) {
    throw InvalidArgument("the decay of the averaged weights must be in [0, 1)");
  }
  if (options_.average_decay > 0) average_ = std::make_unique<Graph>(graph_.clone());
}

void Trainer::embed(const Tensor& images, std::vector<float>& embeddings) {
  const std::int64_t count = images.shape()[0];
  const std::int64_t chunk = options_.chunk > 0 ? std::min(options_.chunk, count) : count;
  const auto dimension = graph_.output_shape()[1];
  embeddings.resize(static_cast<std::size_t>(count * dimension));
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const std::int64_t size = std::min(chunk, count - begin);
    tape_ = std::make_unique<Tape>(
        Tape::Options{.mode = {true, mix(options_.seed) ^ mix(static_cast<std::uint64_t>(steps_ * count + begin))},
                      .record = chunk == count});
    const Variable output = training_.forward(*tape_, tape_->input(rows(images, begin, size)));
    output_ = output.id;
    const auto values = tape_->value(output).floats();
    std::copy(values.begin(), values.end(), embeddings.begin() + begin * dimension);
  }
}

void Trainer::back_propagate(const Tensor& images, std::span<const float> gradient) {
  const std::int64_t count = images.shape()[0];
  const std::int64_t chunk = options_.chunk > 0 ? std::min(options_.chunk, count) : count;
  const auto dimension = graph_.output_shape()[1];
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const std::int64_t size = std::min(chunk, count - begin);
    if (chunk != count) {
      // The forward again, now recorded: the same mask and statistics, since neither has changed since `embed`.
      tape_ = std::make_unique<Tape>(
          Tape::Options{.mode = {true, mix(options_.seed) ^ mix(static_cast<std::uint64_t>(steps_ * count + begin))},
                        .update_buffers = false});
      output_ = training_.forward(*tape_, tape_->input(rows(images, begin, size))).id;
    }
    const auto part =
        gradient.subspan(static_cast<std::size_t>(begin * dimension), static_cast<std::size_t>(size * dimension));
    tape_->backward({output_}, Tensor::from({size, dimension}, part));
    tape_.reset();
  }
}

StepReport Trainer::step(const Tensor& images, std::span<const std::int32_t> labels, double progress) {
  if (images.shape().rank() != 4 || images.shape()[0] != static_cast<std::int64_t>(labels.size()) || labels.empty()) {
    throw InvalidArgument("a batch needs images [N,H,W,3] and N labels, not " + images.shape().text() + " and " +
                          std::to_string(labels.size()));
  }
  const MemoryPool::Scope pooled(memory_);
  std::vector<float> embeddings;
  embed(images, embeddings);

  const auto n = labels.size();
  const auto d = static_cast<std::size_t>(graph_.output_shape()[1]);
  StepReport report;
  report.step = steps_ + 1;
  report.learning_rate = static_cast<double>(options_.schedule.at(progress));
  const bool finite = std::all_of(embeddings.begin(), embeddings.end(), [](float v) { return std::isfinite(v); });
  if (!finite) {
    tape_.reset();
    report.measures.loss = std::nan("");
    report.health = monitor_.observe(report.measures);
    return report;
  }
  const auto distances = pairwise_squared_distances(embeddings, n, d);
  const auto selection = TripletMiner(options_.mining).mine(distances, labels, static_cast<std::uint64_t>(steps_));
  const auto loss =
      TripletLoss({options_.mining.alpha, options_.reduction}).compute(embeddings, n, d, distances, selection);

  for (const auto& parameter : parameters_) parameter->gradient = Tensor();
  back_propagate(images, loss.gradient);

  report.measures = {loss.loss,
                     loss.active_fraction,
                     loss.selected,
                     loss.mean_positive,
                     loss.mean_negative,
                     embedding_variance(embeddings, n, d),
                     gradient_norm(parameters_)};
  StepMeasures judged = report.measures;  // by the loss of a triplet, whatever the reduction
  if (options_.reduction == TripletReduction::sum && loss.selected > 0) {
    judged.loss /= static_cast<double>(loss.selected);
  }
  report.health = monitor_.observe(judged);
  if (report.health == Health::diverged) return report;

  if (options_.clip_gradient > 0 && report.measures.gradient_norm > static_cast<double>(options_.clip_gradient)) {
    const auto factor = static_cast<float>(static_cast<double>(options_.clip_gradient) / report.measures.gradient_norm);
    for (const auto& parameter : parameters_) {
      if (!parameter->gradient) continue;
      for (auto& g : parameter->gradient.floats()) g *= factor;
    }
  }
  optimizer_.step(static_cast<float>(report.learning_rate));
  ++steps_;
  update_average();
  return report;
}

void Trainer::update_average() {
  if (!average_) return;
  // Early on the average follows closely, else it would remember the initial weights for 1 / (1 - decay) steps.
  const double decay = std::min(static_cast<double>(options_.average_decay),
                                (1.0 + static_cast<double>(steps_)) / (10.0 + static_cast<double>(steps_)));
  const auto averages = average_->parameters();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    move_average(averages[i]->value, parameters_[i]->value, static_cast<float>(decay));
  }
}

std::vector<Optimizer::NamedTensor> Trainer::state() const {
  auto list = optimizer_.state();
  for (const auto& parameter : parameters_) list.push_back({"weights/" + parameter->name, parameter->value});
  if (average_) {
    for (const auto& parameter : average_->parameters())
      list.push_back({"average/" + parameter->name, parameter->value});
  }
  const std::vector<float> health = monitor_.state();
  list.push_back({"health", Tensor::from({static_cast<std::int64_t>(health.size())}, health)});
  return list;
}

void Trainer::restore(const std::vector<Optimizer::NamedTensor>& state, std::int64_t steps) {
  const auto put_back = [&](const std::string& prefix, const std::vector<ParameterPtr>& parameters) {
    for (const auto& parameter : parameters) {
      const auto found =
          std::find_if(state.begin(), state.end(), [&](const auto& s) { return s.name == prefix + parameter->name; });
      if (found == state.end() || found->value.shape() != parameter->value.shape()) {
        throw InvalidArgument("the checkpoint has no '" + prefix + parameter->name + "' of shape " +
                              parameter->value.shape().text() +
                              ": it was written for another network or other options");
      }
      const auto from = found->value.floats();
      std::copy(from.begin(), from.end(), parameter->value.floats().begin());
    }
  };
  put_back("weights/", parameters_);
  if (average_) put_back("average/", average_->parameters());
  optimizer_.restore(state, steps);
  const auto health = std::find_if(state.begin(), state.end(), [](const auto& s) { return s.name == "health"; });
  if (health == state.end()) throw InvalidArgument("the checkpoint has no 'health'");
  monitor_.restore(health->value.floats());
  steps_ = steps;
}

}  // namespace facenet
