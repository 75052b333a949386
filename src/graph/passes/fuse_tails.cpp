// A sum and a PReLU, or a sum and a ReLU, that follow a convolution become part of it.
#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/arithmetic.hpp"
#include "ops/fused_convolution.hpp"
#include "ops/prelu.hpp"
#include "ops/relu.hpp"

namespace facenet::passes {
namespace {

struct Tail {
  std::vector<std::size_t> nodes;  // the convolution and what follows it
  int sum = -1;                    // the value that is added
  int slopes = -1;                 // the parameter of the PReLU
  bool relu = false;
};

class Fuser {
 public:
  explicit Fuser(const Graph& graph) : graph_(graph), uses_(use_counts(graph)), taken_(graph.nodes().size()) {
    reader_.resize(graph.values().size());
    for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
      for (const int id : graph.nodes()[i].src) reader_[static_cast<std::size_t>(id)] = i;
    }
  }

  Graph run() {
    // For each node the tail that is computed in its place.
    std::vector<Tail> ends(graph_.nodes().size());
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
      Tail tail = tail_of(i);
      if (tail.nodes.size() < 2 || !fused(tail)->has_kernel(shape(i, 0), shape(i, 1))) continue;
      for (const std::size_t node : tail.nodes) taken_[node] = true;
      ends[tail.nodes.back()] = std::move(tail);
    }
    Rewriter rewriter(graph_);
    for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
      const auto& node = graph_.nodes()[i];
      if (!taken_[i]) rewriter.copy(node);
      if (ends[i].nodes.empty()) continue;
      const Tail& tail = ends[i];
      const auto& conv = graph_.nodes()[tail.nodes.front()];
      std::vector<int> src(conv.src);
      if (tail.sum >= 0) src.insert(src.begin() + 1, tail.sum);
      if (tail.slopes >= 0) src.push_back(tail.slopes);
      rewriter.add(node.name, fused(tail), src, node.dst);
    }
    return rewriter.finish();
  }

 private:
  const Shape& shape(std::size_t node, std::size_t source) const {
    return graph_.value(graph_.nodes()[node].src[source]).shape;
  }

  Tail tail_of(std::size_t index) const {
    const auto& nodes = graph_.nodes();
    const auto* conv = dynamic_cast<const Convolution*>(nodes[index].op.get());
    if (conv == nullptr || conv->parameters.relu) return {};
    Tail tail{.nodes = {index}};
    while (uses_[static_cast<std::size_t>(nodes[tail.nodes.back()].dst)] == 1) {
      const int value = nodes[tail.nodes.back()].dst;
      if (value == graph_.output()) break;
      const std::size_t next = reader_[static_cast<std::size_t>(value)];
      if (taken_[next]) break;
      const auto& reader = nodes[next];
      const auto* sum = dynamic_cast<const Arithmetic*>(reader.op.get());
      if (sum != nullptr && sum->kind == Arithmetic::Kind::add && !sum->parameters.constant && tail.sum < 0 &&
          reader.src.size() == 2) {
        const int other = reader.src[reader.src[0] == value ? 1 : 0];
        if (graph_.value(other).shape != graph_.value(value).shape) break;
        tail.sum = other;
        tail.nodes.push_back(next);
        continue;
      }
      if (tail.sum >= 0 && dynamic_cast<const Relu*>(reader.op.get()) != nullptr) {
        tail.relu = true;
        tail.nodes.push_back(next);
      } else if (dynamic_cast<const Prelu*>(reader.op.get()) != nullptr && reader.src[0] == value) {
        tail.slopes = reader.src[1];
        tail.nodes.push_back(next);
      }
      break;
    }
    return tail;
  }

  std::shared_ptr<const FusedConvolution> fused(const Tail& tail) const {
    const auto& node = graph_.nodes()[tail.nodes.front()];
    Convolution conv(dynamic_cast<const Convolution&>(*node.op).parameters);
    conv.parameters.relu = tail.relu;
    return std::make_shared<FusedConvolution>(conv, tail.sum >= 0, tail.slopes >= 0, node.name);
  }

  const Graph& graph_;
  const std::vector<int> uses_;
  std::vector<std::size_t> reader_;  // of each value: the only one where it has one use
  std::vector<bool> taken_;
};

}  // namespace

Graph fuse_tails(const Graph& graph) { return Fuser(graph).run(); }

}  // namespace facenet::passes
