// From a graph to a plan: kernels chosen node by node, layouts handed on, reorders put in where two do not agree.
#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <set>

#include <facenet/error.hpp>

#include "base/aligned.hpp"
#include "base/threads.hpp"
#include "graph/passes/passes.hpp"
#include "infer/plan.hpp"

namespace facenet {
namespace {

// Whether the same bytes stand for the same tensor in both layouts: with one pixel, or one channel, most agree.
bool same_bytes(const TensorSpec& a, const TensorSpec& b) {
  if (a == b) return true;
  if (a.shape != b.shape || a.type != b.type || a.shape.rank() != 4) return false;
  const bool one_pixel = a.shape[2] * a.shape[3] == 1;
  const auto whole = [&](const TensorSpec& s) { return s.shape[1] % block_of(s.layout) == 0; };
  if (one_pixel) return whole(a) && whole(b);
  return a.shape[1] == 1 && block_of(a.layout) == 1 && block_of(b.layout) == 1;
}

bool equal(const Tensor& a, const Tensor& b) {
  return a.spec() == b.spec() && std::memcmp(a.raw(), b.raw(), a.spec().bytes()) == 0;
}

// How many images each thread computes at a time by itself: as many as leave what the layers with weights hand on in
// the caches, for more of them read the weights less often. 0: all threads share the batch, where it does not come out
// even.
std::int64_t images_apart(const Graph& graph, std::int64_t batch, int threads) {
  constexpr std::int64_t kBytes = std::int64_t{16} << 20U;  // of a thread's cache and its share of the common one
  if (batch % threads != 0) return 0;
  std::int64_t largest = 1;
  for (const auto& node : graph.nodes()) {
    std::int64_t numbers = graph.value(node.dst).shape.elements();
    std::vector<Shape> shapes;
    for (const int source : node.src) {
      shapes.push_back(graph.value(source).shape);
      if (graph.value(source).parameter == nullptr) numbers += shapes.back().elements();
    }
    if (node.op->multiply_adds(shapes) == 0) continue;
    largest = std::max(largest, numbers * static_cast<std::int64_t>(sizeof(float)));
  }
  const std::int64_t own = batch / threads;
  std::int64_t images = std::clamp(kBytes / largest, std::int64_t{1}, own);
  while (own % images != 0) --images;
  return images;
}

}  // namespace

/// For each node of the graph the way its operator is computed: 0 for `compile`, then the alternatives; where there are
/// fewer, the last.
using Ways = std::vector<std::size_t>;
constexpr std::size_t kAllWays = std::numeric_limits<std::size_t>::max();  // one after the other, to the same place
constexpr std::size_t kSureWay = kAllWays - 1;                             // the one that is sure to pay, else 0

class Compiler {
 public:
  Compiler(const Graph& graph, const PlanOptions& options, const Plan* sibling)
      : graph_(graph),
        sibling_(sibling),
        input_type_(options.input),
        batch_(options.batch),
        chunk_(options.chunk > 0 ? options.chunk : options.batch),
        threads_(options.threads),
        workers_(options.apart && chunk_ < batch_ ? threads_ : 1),
        compiled_(graph.nodes().size()),
        steps_(graph.nodes().size()) {}

  /// The fastest of the ways that each layer can take: all of them run in their place, where caches are as they will
  /// be.
  Ways fastest() {
    constexpr int kRuns = 2;
    constexpr double kGain = 0.97;  // less is noise
    sharing_ = false;
    Context context(std::make_shared<const Plan>(compile(Ways(graph_.nodes().size(), kAllWays))));
    sharing_ = true;
    const auto seconds = context.step_seconds(kRuns);
    Ways best(graph_.nodes().size(), 0);
    for (std::size_t i = 0; i < best.size(); ++i) {
      for (std::size_t way = 1; way < compiled_[i].size(); ++way) {
        if (seconds[steps_[i] + way] < seconds[steps_[i] + best[i]] * kGain) best[i] = way;
      }
    }
    return best;
  }

  Plan compile(const Ways& chosen) {
    // oneDNN fixes its blocking for a thread count when a kernel is built.
    const ThreadScope threads(threads_ / workers_);
    const Shape& input = graph_.input_shape();
    const bool images = input_type_ == DataType::u8;
    if (input.rank() != 4 || (images && input[3] != 3) || graph_.output_shape().rank() != 2) {
      throw InvalidArgument("a plan turns images [N,H,W,3] into embeddings [N,D], not " + input.text() + " into " +
                            graph_.output_shape().text());
    }
    plan_ = Plan();
    plan_.batch_ = batch_;
    plan_.chunk_ = chunk_;
    plan_.workers_ = workers_;
    plan_.threads_ = threads_;
    reordered_.clear();
    parts_.clear();
    buffers_.assign(graph_.values().size(), -1);
    buffers_[0] = new_buffer({input.with_batch(chunk_), input_type_, Layout::plain});
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
      const auto& node = graph_.nodes()[i];
      try {
        add(i, chosen[i]);
      } catch (const InvalidArgument& error) {
        throw InvalidArgument("layer '" + node.name + "': " + error.what());
      } catch (const Error& error) {
        throw Error("layer '" + node.name + "': " + error.what());
      }
    }
    const int last = buffers_[static_cast<std::size_t>(graph_.output())];
    plan_.output_ = arriving("output", last, {plan_.spec(last).shape, DataType::f32, Layout::plain});
    lay_out_memory();
    return std::move(plan_);
  }

 private:
  int new_buffer(const TensorSpec& spec) {
    plan_.specs_.push_back(spec);
    return static_cast<int>(plan_.specs_.size()) - 1;
  }

  void push(Plan::Step step) {
    const auto scratch = static_cast<std::int64_t>(step.kernel->scratch_bytes());
    if (scratch > 0) step.scratch = new_buffer({{scratch}, DataType::u8, Layout::plain});
    plan_.steps_.push_back(std::move(step));
  }

  // The buffer as a kernel wants it: itself, or reordered, once for all who want it so.
  int arriving(const std::string& layer, int buffer, const TensorSpec& wanted) {
    if (same_bytes(plan_.spec(buffer), wanted)) return buffer;
    for (const auto& [from, to] : reordered_) {
      if (from == buffer && plan_.spec(to) == wanted) return to;
    }
    const int dst = new_buffer(wanted);
    push({layer, "reorder", 0, kernels::reorder_kernel(plan_.spec(buffer), wanted), {buffer}, {}, dst, -1});
    reordered_.emplace_back(buffer, dst);
    return dst;
  }

  void add(std::size_t index, std::size_t way) {
    const auto& node = graph_.nodes()[index];
    const std::size_t data = node.src.size() - node.op->parameter_inputs();
    std::vector<Operand> operands;
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < node.src.size(); ++i) {
      const auto& value = graph_.value(node.src[i]);
      if ((value.parameter != nullptr) != (i >= data)) throw InvalidArgument("data and parameters are mixed up");
      if (i >= data) {
        operands.push_back({value.parameter->value.spec(), value.parameter->value});
      } else {
        operands.push_back({plan_.spec(buffers_[static_cast<std::size_t>(node.src[i])]), Tensor()});
      }
      shapes.push_back(operands.back().spec.shape);
    }
    auto& compiled = compiled_[index];
    if (way == kSureWay) {  // no other is made: their weights would be packed for nothing
      if (auto sure = node.op->sure_alternative(operands)) compiled.push_back(std::move(*sure));
    }
    if (compiled.empty()) compiled.push_back(node.op->compile(operands));
    if (way > 0 && way != kSureWay && compiled.size() == 1) {
      for (auto& other : node.op->alternatives(operands)) compiled.push_back(std::move(other));
    }
    std::size_t first = std::min(way, compiled.size() - 1);
    std::size_t last = first;
    if (way == kAllWays) {
      first = 0;
      last = compiled.size() - 1;
    }
    Plan::Step step{node.name, std::string(node.op->name()), node.op->multiply_adds(shapes), nullptr, {}, {}};
    for (std::size_t i = 0; i < compiled[0].src.size(); ++i) {
      step.src.push_back(arriving(node.name, buffers_[static_cast<std::size_t>(node.src[i])], compiled[0].src[i]));
    }
    step.dst = new_buffer(compiled[0].dst);
    buffers_[static_cast<std::size_t>(node.dst)] = step.dst;
    if (compiled[0].joins && join(step)) return;
    steps_[index] = plan_.steps_.size();
    for (std::size_t i = first; i <= last; ++i) {
      step.kernel = compiled[i].kernel;
      step.constants.clear();
      for (std::size_t k = 0; k < compiled[i].constants.size(); ++k) {
        step.constants.push_back(shared(node.name, k, compiled[i].constants[k]));
      }
      push(step);
    }
  }

  // The sources become parts of the destination's memory, written where they belong: nothing is left to do.
  bool join(const Plan::Step& step) {
    std::set<int> different(step.src.begin(), step.src.end());
    const bool fit = std::ranges::all_of(step.src, [&](int source) {
      return source != 0 && !parts_.contains(source) && plan_.spec(source).bytes() % kAlignment == 0;
    });
    if (!fit || different.size() != step.src.size()) return false;
    std::size_t offset = 0;
    for (const int source : step.src) {
      parts_[source] = {step.dst, offset};
      offset += plan_.spec(source).bytes();
    }
    return true;
  }

  Tensor shared(const std::string& layer, std::size_t index, const Tensor& constant) {
    if (sibling_ == nullptr || !sharing_) return constant;
    if (sibling_steps_.empty()) {
      for (const auto& step : sibling_->steps()) {
        if (step.operation != "reorder") sibling_steps_.emplace(step.layer, &step);
      }
    }
    const auto found = sibling_steps_.find(layer);
    if (found == sibling_steps_.end() || index >= found->second->constants.size()) return constant;
    const Tensor& other = found->second->constants[index];
    return equal(constant, other) ? other : constant;
  }

  void lay_out_memory() {
    std::vector<Lifetime> lives;
    for (const auto& spec : plan_.specs_) lives.push_back({spec.bytes(), -1, -1});
    const auto live = [&](int buffer, int step) {
      while (parts_.contains(buffer)) buffer = parts_[buffer].whole;
      auto& life = lives[static_cast<std::size_t>(buffer)];
      if (life.first < 0) life.first = step;
      life.last = step;
    };
    live(0, 0);
    int index = 0;
    for (const auto& step : plan_.steps_) {
      for (const int buffer : step.src) live(buffer, index);
      if (step.scratch >= 0) live(step.scratch, index);
      live(step.dst, index++);
    }
    live(plan_.output_, index);
    for (const auto& [part, place] : parts_) lives[static_cast<std::size_t>(part)].bytes = 0;
    plan_.memory_ = plan_memory(lives);
    auto& offsets = plan_.memory_.offsets;
    // A whole is a later buffer than its parts.
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
      offsets[static_cast<std::size_t>(part->first)] =
          offsets[static_cast<std::size_t>(part->second.whole)] + part->second.offset;
    }
  }

  const Graph& graph_;
  const Plan* sibling_;
  bool sharing_ = true;  // constants with the sibling
  const DataType input_type_;
  const std::int64_t batch_, chunk_;
  const int threads_, workers_;
  std::vector<std::vector<Compiled>> compiled_;  // each node's ways; specifications are the same in every plan
  std::vector<std::size_t> steps_;               // of each node the first, in the last plan
  Plan plan_;
  std::vector<int> buffers_;                    // of each value of the graph; -1 for parameters
  std::vector<std::pair<int, int>> reordered_;  // buffer, the same in another layout
  struct Part {
    int whole;
    std::size_t offset;
  };
  std::map<int, Part> parts_;  // buffers that are part of another one
  std::map<std::string, const Plan::Step*> sibling_steps_;
};

std::shared_ptr<const Plan> Plan::compile(const Graph& graph, const PlanOptions& options, const Plan* sibling) {
  if (options.batch < 1 || options.batch > 4096) {
    throw InvalidArgument("the batch must be between 1 and 4096, not " + std::to_string(options.batch));
  }
  const Graph lean = options.optimise ? passes::fuse_tails(passes::optimised(graph)) : graph;
  if (options.chunk < 0 || (options.chunk > 0 && options.batch % options.chunk != 0)) {
    throw InvalidArgument("a batch of " + std::to_string(options.batch) + " cannot be computed by " +
                          std::to_string(options.chunk));
  }
  PlanOptions chosen = options;
  if (chosen.threads <= 0) chosen.threads = available_threads();
  if (options.choice != Choice::plain && options.chunk == 0) {
    chosen.chunk = images_apart(lean, options.batch, usable_threads(chosen.threads));
    chosen.apart = chosen.chunk > 0;
  }
  Compiler compiler(lean, chosen, sibling);
  Ways ways(lean.nodes().size(), options.way);
  if (options.choice == Choice::measured) ways = compiler.fastest();
  if (options.choice == Choice::fixed) std::ranges::fill(ways, kSureWay);
  return std::make_shared<const Plan>(compiler.compile(ways));
}

}  // namespace facenet
