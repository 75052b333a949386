// Layer normalisation written out, as exporters did before ONNX had an operator for it, becomes one operator again:
//   d = x - mean of x;  scale * d / sqrt(mean of d * d + epsilon) + shift, means along the last axes
#include <map>
#include <optional>

#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layer_norm.hpp"
#include "ops/reduce.hpp"
#include "ops/unary.hpp"

namespace facenet::passes {
namespace {

using Kind = Arithmetic::Kind;

struct Found {
  int src, scale, shift;
  LayerNorm::Parameters parameters;
};

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph), producer_(producers(graph)), uses_(use_counts(graph)) {}

  // The value that the node makes as a layer normalisation with scale and shift.
  std::optional<Found> ends_in(const Graph::Node& node) const {
    const auto* shifted = arithmetic(node.dst, Kind::add, true);
    const auto* scaled = shifted ? arithmetic(shifted->src[0], Kind::multiply, true) : nullptr;
    const auto* divided = scaled ? arithmetic(scaled->src[0], Kind::divide, false) : nullptr;
    if (divided == nullptr || uses(scaled->dst) != 1 || uses(divided->dst) != 1) return std::nullopt;
    const auto src = centred(divided->src[0]);
    const auto* root = maker<Unary>(divided->src[1]);
    const auto* raised = root ? arithmetic(root->src[0], Kind::add, true) : nullptr;
    const auto* variance = raised ? maker<Reduce>(raised->src[0]) : nullptr;
    const auto* square = variance ? arithmetic(variance->src[0], Kind::multiply, false) : nullptr;
    if (!src || square == nullptr || square->src[0] != square->src[1] || centred(square->src[0]) != src) {
      return std::nullopt;
    }
    const auto axis = last_axes(*variance);
    const auto epsilon = graph_.value(raised->src[1]).parameter->value.floats();
    if (!axis || axis != last_axes(*mean_in(divided->src[0])) || epsilon.size() != 1 || !(epsilon[0] >= 0)) {
      return std::nullopt;
    }
    if (dynamic_cast<const Unary&>(*root->op).kind != Unary::Kind::square_root) return std::nullopt;
    Found found{*src, scaled->src[1], shifted->src[1], {.axis = *axis, .epsilon = epsilon[0]}};
    for (const int id : {found.scale, found.shift}) {
      if (graph_.value(id).shape != last(found)) return std::nullopt;
    }
    return found;
  }

  // The shape of what is normalised together.
  Shape last(const Found& found) const {
    return Shape(graph_.value(found.src).shape.dims().subspan(static_cast<std::size_t>(found.parameters.axis)));
  }

 private:
  template <typename Op>
  const Graph::Node* maker(int value) const {
    const int index = producer_[static_cast<std::size_t>(value)];
    if (index < 0) return nullptr;
    const auto& node = graph_.nodes()[static_cast<std::size_t>(index)];
    return dynamic_cast<const Op*>(node.op.get()) != nullptr ? &node : nullptr;
  }

  const Graph::Node* arithmetic(int value, Kind kind, bool constant) const {
    const auto* node = maker<Arithmetic>(value);
    if (node == nullptr || node->src.size() != 2) return nullptr;
    const auto& op = dynamic_cast<const Arithmetic&>(*node->op);
    return op.kind == kind && op.parameters.constant == constant && !op.parameters.reversed ? node : nullptr;
  }

  // The mean that is subtracted where the value is one less its mean.
  const Graph::Node* mean_in(int value) const {
    const auto* less = arithmetic(value, Kind::subtract, false);
    const auto* mean = less ? maker<Reduce>(less->src[1]) : nullptr;
    return mean != nullptr && mean->src[0] == less->src[0] ? mean : nullptr;
  }
  std::optional<int> centred(int value) const {
    const auto* mean = mean_in(value);
    return mean ? std::optional(mean->src[0]) : std::nullopt;
  }

  // The first of the axes of a mean along the last ones.
  std::optional<std::int64_t> last_axes(const Graph::Node& node) const {
    const auto& op = dynamic_cast<const Reduce&>(*node.op);
    const auto rank = static_cast<std::int64_t>(graph_.value(node.src[0]).shape.rank());
    const auto first = rank - static_cast<std::int64_t>(op.parameters.axes.size());
    for (const auto axis : op.parameters.axes) {
      if (axis < first) return std::nullopt;
    }
    return op.kind == Reduce::Kind::mean && op.parameters.keep ? std::optional(first) : std::nullopt;
  }

  int uses(int value) const { return uses_[static_cast<std::size_t>(value)]; }

  const Graph& graph_;
  std::vector<int> producer_;
  std::vector<int> uses_;
};

}  // namespace

Graph recognise_layer_norm(const Graph& graph) {
  const Finder finder(graph);
  Rewriter rewriter(graph);
  for (const auto& node : graph.nodes()) {
    const auto found = finder.ends_in(node);
    if (!found) {
      rewriter.copy(node);
      continue;
    }
    const int src[] = {found->src, found->scale, found->shift};
    rewriter.add(node.name, std::make_shared<LayerNorm>(found->parameters), src, node.dst);
  }
  return remove_dead_nodes(rewriter.finish());
}

}  // namespace facenet::passes
