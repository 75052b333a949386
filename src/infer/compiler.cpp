// From a graph to a plan: kernels chosen node by node, layouts handed on, reorders put in where two do not agree.
#include <cstring>
#include <map>

#include <facenet/error.hpp>

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

}  // namespace

class Compiler {
 public:
  Compiler(const Graph& graph, const PlanOptions& options, const Plan* sibling)
      : graph_(graph), sibling_(sibling), input_type_(options.input) {
    plan_.batch_ = options.batch;
    plan_.threads_ = options.threads > 0 ? options.threads : available_threads();
  }

  Plan compile() {
    const ThreadScope threads(plan_.threads_);  // oneDNN fixes its blocking for a thread count when a kernel is built
    const Shape& input = graph_.input_shape();
    const bool images = input_type_ == DataType::u8;
    if (input.rank() != 4 || (images && input[3] != 3) || graph_.output_shape().rank() != 2) {
      throw InvalidArgument("a plan turns images [N,H,W,3] into embeddings [N,D], not " + input.text() + " into " +
                            graph_.output_shape().text());
    }
    buffers_.assign(graph_.values().size(), -1);
    buffers_[0] = new_buffer({input.with_batch(plan_.batch_), input_type_, Layout::plain});
    for (const auto& node : graph_.nodes()) {
      try {
        add(node);
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
    push({layer, "reorder", kernels::reorder_kernel(plan_.spec(buffer), wanted), {buffer}, {}, dst, -1});
    reordered_.emplace_back(buffer, dst);
    return dst;
  }

  void add(const Graph::Node& node) {
    const std::size_t data = node.src.size() - node.op->parameter_inputs();
    std::vector<Operand> operands;
    for (std::size_t i = 0; i < node.src.size(); ++i) {
      const auto& value = graph_.value(node.src[i]);
      if ((value.parameter != nullptr) != (i >= data)) throw InvalidArgument("data and parameters are mixed up");
      if (i >= data) {
        operands.push_back({value.parameter->value.spec(), value.parameter->value});
      } else {
        operands.push_back({plan_.spec(buffers_[static_cast<std::size_t>(node.src[i])]), Tensor()});
      }
    }
    Compiled compiled = node.op->compile(operands);
    Plan::Step step{node.name, std::string(node.op->name()), compiled.kernel, {}, {}, -1, -1};
    for (std::size_t i = 0; i < compiled.src.size(); ++i) {
      step.src.push_back(arriving(node.name, buffers_[static_cast<std::size_t>(node.src[i])], compiled.src[i]));
    }
    for (std::size_t i = 0; i < compiled.constants.size(); ++i) {
      step.constants.push_back(shared(node.name, i, compiled.constants[i]));
    }
    step.dst = new_buffer(compiled.dst);
    buffers_[static_cast<std::size_t>(node.dst)] = step.dst;
    push(std::move(step));
  }

  Tensor shared(const std::string& layer, std::size_t index, const Tensor& constant) {
    if (sibling_ == nullptr) return constant;
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
    plan_.memory_ = plan_memory(lives);
  }

  const Graph& graph_;
  const Plan* sibling_;
  const DataType input_type_;
  Plan plan_;
  std::vector<int> buffers_;                    // of each value of the graph; -1 for parameters
  std::vector<std::pair<int, int>> reordered_;  // buffer, the same in another layout
  std::map<std::string, const Plan::Step*> sibling_steps_;
};

std::shared_ptr<const Plan> Plan::compile(const Graph& graph, const PlanOptions& options, const Plan* sibling) {
  if (options.batch < 1 || options.batch > 4096) {
    throw InvalidArgument("the batch must be between 1 and 4096, not " + std::to_string(options.batch));
  }
  const Graph lean = options.optimise ? passes::optimised(graph) : graph;
  return std::make_shared<const Plan>(Compiler(lean, options, sibling).compile());
}

}  // namespace facenet
