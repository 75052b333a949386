// GELU written out, as exporters do, becomes one operator again. There are many ways to write it, so that it is known
// by what it computes: functions of one number are compared at some places.
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "graph/passes/passes.hpp"
#include "graph/passes/rewriter.hpp"
#include "ops/arithmetic.hpp"
#include "ops/gelu.hpp"
#include "ops/unary.hpp"

namespace facenet::passes {
namespace {

constexpr std::array<double, 8> kPlaces{-4, -2.5, -1, -0.3, 0.2, 0.7, 1.5, 3.5};
constexpr int kFurthest = 8;               // nodes from x to erf or tanh, and from there to the result
constexpr int kMostEvaluated = 1'000'000;  // nodes in all: a strange file must not take for ever

using Values = std::array<double, kPlaces.size()>;

class Finder {
 public:
  explicit Finder(const Graph& graph) : graph_(graph), producer_(producers(graph)), readers_(graph.values().size()) {
    for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
      for (const int id : graph.nodes()[i].src) readers_[static_cast<std::size_t>(id)].insert(i);
    }
  }

  struct Found {
    int src, dst;
    bool tanh;
  };

  // Around this node; it must be erf or tanh.
  std::optional<Found> around(const Graph::Node& node) {
    int dst = node.dst;
    for (int forward = 0; forward < kFurthest; ++forward) {
      int src = node.src[0];
      for (int back = 0; back < kFurthest && src > 0; ++back) {
        for (const bool tanh : {false, true}) {
          if (is_gelu(src, dst, tanh)) return Found{src, dst, tanh};
        }
        const auto* maker = maker_of(src);
        if (maker == nullptr) break;
        src = maker->src[0];
      }
      const auto& readers = readers_[static_cast<std::size_t>(dst)];
      if (readers.size() != 1 || dst == graph_.output()) return std::nullopt;
      dst = graph_.nodes()[*readers.begin()].dst;
    }
    return std::nullopt;
  }

 private:
  // A value's node, where it is one that computes element by element.
  const Graph::Node* maker_of(int value) const {
    const int index = producer_[static_cast<std::size_t>(value)];
    if (index < 0) return nullptr;
    const auto& node = graph_.nodes()[static_cast<std::size_t>(index)];
    const bool known = dynamic_cast<const Arithmetic*>(node.op.get()) || dynamic_cast<const Unary*>(node.op.get());
    return known ? &node : nullptr;
  }

  bool is_gelu(int src, int dst, bool tanh) {
    std::map<int, Values> known{{src, kPlaces}};
    if (src == dst || !evaluate(dst, known)) return false;
    // What stands between is read by nobody else.
    for (const auto& [value, ignored] : known) {
      if (value == src || value == dst) continue;
      if (value == graph_.output()) return false;
      for (const auto reader : readers_[static_cast<std::size_t>(value)]) {
        if (!known.contains(graph_.nodes()[reader].dst)) return false;
      }
    }
    RefTensor places({1, static_cast<std::int64_t>(kPlaces.size())});
    places.values.assign(kPlaces.begin(), kPlaces.end());
    const auto expected = Gelu({tanh}).reference({&places, 1}, {});
    for (std::size_t i = 0; i < kPlaces.size(); ++i) {
      if (!(std::abs(known.at(dst)[i] - expected.values[i]) < 1e-5)) return false;
    }
    return true;
  }

  bool evaluate(int value, std::map<int, Values>& known) {
    if (known.contains(value)) return true;
    const auto* node = maker_of(value);
    if (node == nullptr || known.size() > 3 * kFurthest || ++evaluated_ > kMostEvaluated) return false;
    std::vector<RefTensor> src;
    for (const int id : node->src) {
      const auto& parameter = graph_.value(id).parameter;
      const Shape one{parameter ? 1 : static_cast<std::int64_t>(kPlaces.size()), 1};
      RefTensor& values = src.emplace_back(one);
      if (parameter) {
        if (parameter->value.shape().elements() != 1 || parameter->value.raw() == nullptr) return false;
        values.values[0] = static_cast<double>(parameter->value.floats()[0]);
      } else {
        if (graph_.value(id).shape != graph_.value(value).shape || !evaluate(id, known)) return false;
        values.values.assign(known.at(id).begin(), known.at(id).end());
      }
    }
    const auto dst = node->op->reference(src, {});
    std::copy(dst.values.begin(), dst.values.end(), known[value].begin());
    return true;
  }

  const Graph& graph_;
  std::vector<int> producer_;
  std::vector<std::set<std::size_t>> readers_;
  int evaluated_ = 0;
};

}  // namespace

Graph recognise_gelu(const Graph& graph) {
  Finder finder(graph);
  std::map<int, Finder::Found> found;  // by the value that the GELU makes
  for (const auto& node : graph.nodes()) {
    const auto* unary = dynamic_cast<const Unary*>(node.op.get());
    if (unary == nullptr || unary->kind == Unary::Kind::square_root) continue;
    if (const auto gelu = finder.around(node)) found.emplace(gelu->dst, *gelu);
  }
  Rewriter rewriter(graph);
  for (const auto& node : graph.nodes()) {
    const auto gelu = found.find(node.dst);
    if (gelu == found.end()) {
      rewriter.copy(node);
    } else {
      const int src[] = {gelu->second.src};
      rewriter.add(node.name, std::make_shared<Gelu>(Gelu::Parameters{gelu->second.tanh}), src, node.dst);
    }
  }
  return remove_dead_nodes(rewriter.finish());
}

}  // namespace facenet::passes
