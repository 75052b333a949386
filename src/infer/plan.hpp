// Plan: a graph compiled for one batch size. Context: the memory in which one thread runs it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned.hpp"
#include "graph/graph.hpp"
#include "infer/memory_plan.hpp"

namespace facenet {

/// How layers that can be computed in several ways (Operator::alternatives) are.
enum class Choice : std::uint8_t {
  plain,    ///< all by Operator::compile, as in training
  fixed,    ///< by an alternative where that pays on every machine: the same plan each time
  measured  ///< by the fastest, measured in its place: another plan perhaps another time, whose rounding differs
};

struct PlanOptions {
  std::int64_t batch = 1;
  int threads = 0;       ///< that each run uses; 0: all that this process may use
  bool optimise = true;  ///< false leaves the passes out: the plain path, for tests and for finding faults
  Choice choice = Choice::plain;
  /// With `plain`, for tests: the way that all layers take, 0 for Operator::compile, then the alternatives; the last
  /// where there are fewer.
  std::size_t way = 0;
  /// Images that are computed at a time, a divisor of the batch: few find what the layer before made in the cache.
  /// 0: all; or, but with `plain`, as many as a rule gives each thread, apart, where the batch comes out even.
  std::int64_t chunk = 0;
  /// Each thread computes chunks by itself, in memory of its own, and waits for no other, instead of all threads one
  /// chunk together.
  bool apart = false;
  /// u8: the graph reads images [N,H,W,3]. f32: it reads numbers [N,C,H,W] that somebody else has made of images.
  DataType input = DataType::u8;
};

/// Immutable; shared between threads, and between any number of contexts.
class Plan {
 public:
  struct Step {
    std::string layer;
    std::string operation;  ///< the operator's name, or "reorder"
    std::int64_t multiply_adds = 0;
    kernels::KernelPtr kernel;
    std::vector<int> src;  ///< buffers
    std::vector<Tensor> constants;
    int dst = -1;      ///< buffer
    int scratch = -1;  ///< buffer, or -1
  };

  /// Runs the passes, prebuilds every kernel, lays the memory out. Constants that equal those of `sibling`, a plan of
  /// the same graph for another batch, are shared with it. InvalidArgument when the graph does not turn images
  /// [1,H,W,3] (or numbers [1,C,H,W]) into rows [1,D], or `batch` is not between 1 and 4096.
  static std::shared_ptr<const Plan> compile(const Graph& graph, const PlanOptions& options,
                                             const Plan* sibling = nullptr);

  std::int64_t batch() const { return batch_; }
  /// Images that the steps compute at a time: the batch, or a part of it.
  std::int64_t chunk() const { return chunk_; }
  int threads() const { return threads_; }
  std::int64_t embedding_size() const { return specs_[static_cast<std::size_t>(output_)].shape[1]; }
  /// Of one image.
  std::size_t image_bytes() const { return specs_[0].bytes() / static_cast<std::size_t>(chunk_); }

  const std::vector<Step>& steps() const { return steps_; }
  /// Specification of a buffer that a step reads or writes.
  const TensorSpec& spec(int buffer) const { return specs_[static_cast<std::size_t>(buffer)]; }
  std::size_t reorders() const;
  std::size_t arena_bytes() const { return memory_.bytes; }
  /// What the buffers would need if none shared memory.
  std::size_t buffer_bytes() const;
  std::size_t constant_bytes() const;
  /// A table for people: a line for each step, then the totals; with the seconds that each step takes, if given, also
  /// what that makes a second and operations for each byte read or written.
  std::string describe(std::span<const double> seconds = {}) const;

 private:
  friend class Context;
  friend class Compiler;
  Plan() = default;

  std::int64_t batch_ = 1;
  std::int64_t chunk_ = 1;
  int workers_ = 1;  // threads that each compute parts of the batch in memory of their own; 1: all compute one together
  int threads_ = 1;
  std::vector<Step> steps_;
  std::vector<TensorSpec> specs_;  // of each buffer; 0 is the input
  int output_ = 0;
  MemoryPlan memory_;
};

/// The memory of one thread for a plan, with every kernel bound to it: a run allocates nothing. Mutable; one thread at
/// a time.
class Context {
 public:
  explicit Context(std::shared_ptr<const Plan> plan);

  const Plan& plan() const { return *plan_; }
  /// [batch,H,W,3] bytes, to be filled before every run: a run may write over them.
  std::span<std::uint8_t> input() const;
  /// [batch,C,H,W] of a plan that reads numbers, likewise.
  std::span<float> float_input() const;
  /// [batch,D]; valid until the next run, and until the input is filled again.
  std::span<const float> run();
  /// Seconds of each step: the least of `runs` runs after one that does not count.
  std::vector<double> step_seconds(int runs);
  /// [batch]: the length of each row of the last run before the graph's end brought it to 1; where it does not, or
  /// where what it normalises is not float32, that of the row itself.
  std::span<const float> norms() const { return norms_; }

 private:
  struct Worker {
    std::shared_ptr<std::byte> arena;
    std::vector<std::unique_ptr<kernels::BoundKernel>> kernels;
  };
  bool in_parts() const { return plan_->chunk_ != plan_->batch_; }
  Worker worker() const;
  std::byte* buffer(const Worker& worker, int index) const;
  void measure(const Worker& worker, std::span<float> norms) const;
  std::span<const float> run_part(const Worker& worker, std::span<float> norms) const;
  void run_parts(std::int64_t worker);

  std::shared_ptr<const Plan> plan_;
  std::vector<Worker> workers_;
  std::shared_ptr<std::byte> images_;  // of all parts
  std::vector<float> results_;         // likewise
  int measured_ = 0;                   // the buffer whose rows `norms` is about
  std::vector<float> norms_;
};

}  // namespace facenet
