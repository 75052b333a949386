// Trainer: one training step after the other on batches that somebody else prepares.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <facenet/precision.hpp>
#include <facenet/train/triplet_loss.hpp>
#include <facenet/train/triplet_miner.hpp>

#include "autograd/tape.hpp"
#include "base/aligned.hpp"
#include "graph/graph.hpp"
#include "train/health.hpp"
#include "train/optimizer.hpp"

namespace facenet {

struct TrainerOptions {
  TripletMiner::Parameters mining;
  TripletReduction reduction = TripletReduction::mean_selected;
  OptimizerOptions optimizer;
  Schedule schedule;
  /// Decay of the averaged weights that are saved as the model; 0: the weights themselves.
  float average_decay = 0;
  /// Gradients are scaled down to this norm when they exceed it; 0: never.
  float clip_gradient = 0;
  /// Faces embedded and back-propagated at a time; 0: the whole batch. Batch statistics are those of a chunk.
  std::int64_t chunk = 0;
  /// Of activations and their gradients. Weights, statistics and sums are float32 in either case. automatic: bf16 where
  /// a convolution, measured once in a process, takes less time in it.
  Precision precision = Precision::automatic;
  std::uint64_t seed = 1;
};

/// A step as its log line tells it.
struct StepReport {
  std::int64_t step = 0;  ///< 1 is the first
  StepMeasures measures;
  double learning_rate = 0;
  Health health = Health::warming;
};

/// Trains the graph's parameters in place. The three phases of a step know nothing of each other: embed, mine and
/// differentiate the loss on the embeddings alone, back-propagate. With the same thread count, seed and batches, the
/// weights are the same to the bit. Belongs to one thread.
class Trainer {
 public:
  Trainer(const Graph& graph, const TrainerOptions& options);

  /// `images` [N,H,W,3] u8, `labels` [N]; `progress` 0..1 of the whole training drives the schedule. A step whose loss
  /// or gradients are not finite reports `diverged` and leaves the weights alone, though not the running statistics.
  StepReport step(const Tensor& images, std::span<const std::int32_t> labels, double progress);

  std::int64_t steps() const { return steps_; }
  Precision precision() const { return options_.precision; }
  /// The graph to save and use: with averaged weights where they are kept, else the trained one itself.
  const Graph& result() const { return average_ ? *average_ : graph_; }

  /// All that a later run needs to go on exactly: weights, averages, the optimiser's memory.
  std::vector<Optimizer::NamedTensor> state() const;
  void restore(const std::vector<Optimizer::NamedTensor>& state, std::int64_t steps);

 private:
  void embed(const Tensor& images, std::vector<float>& embeddings);
  void back_propagate(const Tensor& images, std::span<const float> gradient);
  void update_average();

  MemoryPool memory_;  // what a step lets go serves the next one
  Graph graph_;
  Graph training_;  // the same parameters, in the working precision, with what is frozen
  std::unique_ptr<Graph> average_;
  TrainerOptions options_;
  std::vector<ParameterPtr> parameters_;
  Optimizer optimizer_;
  HealthMonitor monitor_;
  std::int64_t steps_ = 0;
  // Of the last chunk; kept between embed and back_propagate when it is the only one.
  std::unique_ptr<Tape> tape_;
  int output_ = -1;
};

}  // namespace facenet
