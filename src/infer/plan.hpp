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

struct PlanOptions {
  std::int64_t batch = 1;
  int threads = 0;       ///< that each run uses; 0: all that this process may use
  bool optimise = true;  ///< false leaves the passes out: the plain path, for tests and for finding faults
  /// u8: the graph reads images [N,H,W,3]. f32: it reads numbers [N,C,H,W] that somebody else has made of images.
  DataType input = DataType::u8;
};

/// Immutable; shared between threads, and between any number of contexts.
class Plan {
 public:
  struct Step {
    std::string layer;
    std::string operation;  ///< the operator's name, or "reorder"
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
  int threads() const { return threads_; }
  std::int64_t embedding_size() const { return specs_[static_cast<std::size_t>(output_)].shape[1]; }
  /// Of one image.
  std::size_t image_bytes() const { return specs_[0].bytes() / static_cast<std::size_t>(batch_); }

  const std::vector<Step>& steps() const { return steps_; }
  /// Specification of a buffer that a step reads or writes.
  const TensorSpec& spec(int buffer) const { return specs_[static_cast<std::size_t>(buffer)]; }
  std::size_t reorders() const;
  std::size_t arena_bytes() const { return memory_.bytes; }
  /// What the buffers would need if none shared memory.
  std::size_t buffer_bytes() const;
  std::size_t constant_bytes() const;
  /// A table for people: a line for each step, then the totals.
  std::string describe() const;

 private:
  friend class Context;
  friend class Compiler;
  Plan() = default;

  std::int64_t batch_ = 1;
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
  /// [batch]: the length of each row of the last run before the graph's end brought it to 1; where it does not, or
  /// where what it normalises is not float32, that of the row itself.
  std::span<const float> norms() const { return norms_; }

 private:
  void measure();
  std::byte* buffer(int index) const { return arena_.get() + plan_->memory_.offsets[static_cast<std::size_t>(index)]; }

  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<std::byte> arena_;
  std::vector<std::unique_ptr<kernels::BoundKernel>> kernels_;
  int measured_ = 0;  // the buffer whose rows `norms` is about
  std::vector<float> norms_;
};

}  // namespace facenet
