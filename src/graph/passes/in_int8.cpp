// Convolutions in bytes: which values are kept as bytes, in which steps, and where the unit changes.
#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/concat.hpp"
#include "ops/image_to_tensor.hpp"
#include "ops/int8.hpp"
#include "ops/local_response_norm.hpp"
#include "ops/relu.hpp"

namespace facenet::passes {
namespace {

const Pool* pool_of(const Graph::Node& node) { return dynamic_cast<const Pool*>(node.op.get()); }
bool is_pool(const Graph::Node& node, Pool::Kind kind) {
  const auto* pool = pool_of(node);
  return pool != nullptr && pool->kind == kind;
}
// The node's convolution with what is fused into it.
std::optional<FusedConvolution> convolution_of(const Graph::Node& node) {
  if (const auto* plain = dynamic_cast<const Convolution*>(node.op.get())) {
    return FusedConvolution(*plain, false, false, node.name);
  }
  const auto* fused = dynamic_cast<const FusedConvolution*>(node.op.get());
  return fused == nullptr ? std::nullopt : std::optional(*fused);
}
bool is_concat(const Graph::Node& node) {
  const auto* concat = dynamic_cast<const Concat*>(node.op.get());
  return concat != nullptr && concat->parameters.axis == 1;
}

class Quantiser {
 public:
  Quantiser(Graph graph, const Int8Ranges& ranges)
      : graph_(std::move(graph)),
        ranges_(ranges),
        out_(graph_.input_shape()),
        values_(graph_.values().size()),
        groups_(graph_.values().size()) {
    std::iota(groups_.begin(), groups_.end(), 0);
    values_[0].now = 0;
  }

  Graph run() {
    find_signs_and_ranges();
    find_bytes();
    join_units();
    for (const auto& node : graph_.nodes()) emit(node);
    out_.set_output(as(graph_.output(), {}));
    return std::move(out_);
  }

 private:
  struct Value {
    float largest = 0;  // 0: not known
    bool never_negative = false;
    bool bytes = false;  // kept as bytes by the node that makes it
    int now = -1;        // in the new graph
    Quantisation kept;   // how
  };

  Value& value(int id) { return values_[static_cast<std::size_t>(id)]; }

  // Values of one group share their unit.
  int group(int id) {
    while (groups_[static_cast<std::size_t>(id)] != id) id = groups_[static_cast<std::size_t>(id)];
    return id;
  }

  void find_signs_and_ranges() {
    for (const auto& node : graph_.nodes()) {
      Value& dst = value(node.dst);
      const auto found = ranges_.largest.find(node.name);
      if (found != ranges_.largest.end()) dst.largest = found->second;
      const auto conv = convolution_of(node);
      dst.never_negative = (conv && conv->plain.parameters.relu) ||
                           dynamic_cast<const Relu*>(node.op.get()) != nullptr || is_pool(node, Pool::Kind::l2);
      const bool lrn = dynamic_cast<const LocalResponseNorm*>(node.op.get()) != nullptr;
      if (lrn || is_concat(node) || pool_of(node) != nullptr) {
        const bool all =
            std::all_of(node.src.begin(), node.src.end(), [&](int id) { return value(id).never_negative; });
        dst.never_negative = dst.never_negative || all;
      }
      if (const auto* image = dynamic_cast<const ImageToTensor*>(node.op.get())) {
        const auto& p = image->parameters;
        for (std::size_t c = 0; c < 3; ++c) {
          dst.largest =
              std::max({dst.largest, std::abs(p.mean[c] * p.scale[c]), std::abs((255 - p.mean[c]) * p.scale[c])});
        }
      }
    }
  }

  // The unit of a value by itself.
  Quantisation own_unit(int id) { return bytes_for(value(id).largest, value(id).never_negative); }

  bool in_int8(const Graph::Node& node) {
    const auto conv = convolution_of(node);
    if (!conv || ranges_.in_f32.contains(conv->layer) || !(value(node.dst).largest > 0)) return false;
    const std::size_t weights = conv->sum ? 2 : 1;
    for (std::size_t i = 0; i < weights; ++i) {
      if (!(value(node.src[i]).largest > 0)) return false;
    }
    const Quantisation second = conv->sum ? own_unit(node.src[1]) : Quantisation{DataType::u8, 1};
    for (const auto type : {DataType::f32, own_unit(node.dst).type}) {
      const Int8Convolution candidate(*conv, own_unit(node.src[0]), {type, 1}, second);
      if (!candidate.has_kernel(graph_.value(node.src[0]).shape, graph_.value(node.src[weights]).shape)) return false;
    }
    return true;
  }

  bool takes_bytes(const Graph::Node& node) {
    if (convolution_of(node)) return int8_.contains(node.dst);
    if (is_pool(node, Pool::Kind::maximum) || is_concat(node)) return value(node.dst).bytes;
    if (is_pool(node, Pool::Kind::l2)) {
      const auto window = pool_of(node)->problem({graph_.value(node.src[0]).shape}).window;
      const bool fits = window[0] * window[1] <= Int8L2Pool::kLargestWindow;
      return value(node.dst).bytes && value(node.src[0]).never_negative && fits;
    }
    return false;
  }

  // Backwards: a value is worth keeping as bytes when all that reads it takes bytes. What cannot make them is struck
  // out forwards.
  void find_bytes() {
    std::vector<bool> wanted(values_.size(), true);
    wanted[static_cast<std::size_t>(graph_.output())] = false;
    for (const auto& node : graph_.nodes()) {
      if (in_int8(node)) int8_.insert(node.dst);
    }
    const auto& nodes = graph_.nodes();
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      value(node->dst).bytes = wanted[static_cast<std::size_t>(node->dst)] && value(node->dst).largest > 0;
      if (takes_bytes(*node)) continue;
      for (const int id : node->src) wanted[static_cast<std::size_t>(id)] = false;
    }
    bool struck = true;
    while (struck) {
      struck = false;
      for (const auto& node : nodes) {
        if (!value(node.dst).bytes) continue;
        const bool image = dynamic_cast<const ImageToTensor*>(node.op.get()) != nullptr;
        const bool data = is_concat(node) || (pool_of(node) != nullptr && takes_bytes(node));
        const bool sources =
            data && std::all_of(node.src.begin(), node.src.end(), [&](int id) { return value(id).bytes; });
        if (image || int8_.contains(node.dst) || sources) continue;
        value(node.dst).bytes = false;
        for (const int id : node.src) {
          if (data) struck = value(id).bytes || struck;
          if (data) value(id).bytes = false;
        }
        struck = true;
      }
    }
  }

  // Concatenation and maximum pooling do not change the unit: the widest of their values' is that of all.
  void join_units() {
    for (const auto& node : graph_.nodes()) {
      if (!value(node.dst).bytes || !(is_concat(node) || is_pool(node, Pool::Kind::maximum))) continue;
      for (const int id : node.src) groups_[static_cast<std::size_t>(group(id))] = group(node.dst);
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!values_[i].bytes) continue;
      Value& head = value(group(static_cast<int>(i)));
      head.largest = std::max(head.largest, values_[i].largest);
      head.never_negative = head.never_negative && values_[i].never_negative;
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i].bytes) values_[i].kept = own_unit(group(static_cast<int>(i)));
    }
  }

  // The value in the new graph, kept like this.
  int as(int id, const Quantisation& how) {
    const Value& v = value(id);
    if (v.kept == how) return v.now;
    int& made = changed_[{id, static_cast<int>(how.type)}];
    if (made == 0) {
      const int src[] = {v.now};
      made = out_.add_node(name_of_change(id, how), std::make_shared<Quantise>(v.kept, how), src);
    }
    return made;
  }

  std::string name_of_change(int id, const Quantisation& how) const {
    const auto node =
        std::find_if(graph_.nodes().begin(), graph_.nodes().end(), [&](const auto& n) { return n.dst == id; });
    return (node == graph_.nodes().end() ? "input" : node->name) + "/" + std::string(name_of(how.type));
  }

  void emit(const Graph::Node& node) {
    const Quantisation how = value(node.dst).kept;
    OperatorPtr op = node.op;
    std::vector<Quantisation> sources(node.src.size());
    if (int8_.contains(node.dst)) {
      const auto conv = convolution_of(node);
      for (std::size_t i = 0; i < (conv->sum ? 2U : 1U); ++i) {
        const Value& data = value(node.src[i]);
        sources[i] = data.bytes ? data.kept : own_unit(node.src[i]);
      }
      const Quantisation second = conv->sum ? sources[1] : Quantisation{DataType::u8, 1};
      op = std::make_shared<Int8Convolution>(*conv, sources[0], how, second);
    } else if (value(node.dst).bytes) {
      for (std::size_t i = 0; i < node.src.size(); ++i) sources[i] = value(node.src[i]).kept;
      if (const auto* image = dynamic_cast<const ImageToTensor*>(node.op.get())) {
        auto changed = std::make_shared<ImageToTensor>(*image);
        changed->parameters.step = how.step;
        op = changed;
      } else if (is_pool(node, Pool::Kind::l2)) {
        op = std::make_shared<Int8L2Pool>(*pool_of(node), sources[0], how);
      }
    }
    std::vector<int> src;
    for (std::size_t i = 0; i < node.src.size(); ++i) {
      if (const auto& parameter = graph_.value(node.src[i]).parameter) {
        if (value(node.src[i]).now < 0) value(node.src[i]).now = out_.add_parameter(parameter);
        src.push_back(value(node.src[i]).now);
      } else {
        src.push_back(as(node.src[i], sources[i]));
      }
    }
    value(node.dst).now = out_.add_node(node.name, op, src);
  }

  const Graph graph_;
  const Int8Ranges& ranges_;
  Graph out_;
  std::vector<Value> values_;
  std::vector<int> groups_;
  std::set<int> int8_;                          // results of convolutions in bytes
  std::map<std::pair<int, int>, int> changed_;  // value and type to the value in the new graph
};

}  // namespace

Graph in_int8(const Graph& graph, const Int8Ranges& ranges) { return Quantiser(fuse_tails(graph), ranges).run(); }

}  // namespace facenet::passes
