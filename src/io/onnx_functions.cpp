// A call becomes the function's nodes: sources and results by their names where it is called, all other names made the
// call's own, attributes that refer to the call's filled in.
#include "io/onnx_functions.hpp"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <facenet/error.hpp>
#include <facenet/files.hpp>

namespace facenet {
namespace {

using Attribute = onnx::AttributeProto;
using Key = std::pair<std::string, std::string>;  // domain, name

constexpr std::size_t kDeepest = 32;

// Attributes with the values that they have where a call does not say. The schema of older releases of ONNX does not
// know them: protobuf then keeps them as bytes.
template <typename Function>
std::vector<Attribute> defaults_of(const Function& function) {
  constexpr std::uint32_t kField = 11;
  std::vector<Attribute> result;
  if constexpr (requires { function.attribute_proto(); }) {
    result.assign(function.attribute_proto().begin(), function.attribute_proto().end());
  } else {
    const std::string& bytes = function.unknown_fields();
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                  static_cast<int>(bytes.size()));
    while (const std::uint32_t tag = stream.ReadTag()) {
      std::string field;
      std::uint32_t length = 0;
      if (tag >> 3U != kField || (tag & 7U) != 2) break;  // no other is known
      if (!stream.ReadVarint32(&length) || !stream.ReadString(&field, static_cast<int>(length))) break;
      if (!result.emplace_back().ParseFromString(field)) result.pop_back();
    }
  }
  return result;
}

class Inliner {
 public:
  Inliner(const onnx::ModelProto& file, int most_nodes, std::string what)
      : file_(file),
        most_nodes_(most_nodes),
        what_(std::move(what)),
        budget_(16 * file.ByteSizeLong() + (std::size_t{64} << 20U)) {
    for (const auto& function : file.functions()) {
      if (!functions_.emplace(Key{function.domain(), function.name()}, &function).second) {
        refuse(name_of(function) + " is defined twice");
      }
    }
  }

  google::protobuf::RepeatedPtrField<onnx::NodeProto> run() {
    for (const auto& node : file_.graph().node()) expand(node);
    return std::move(nodes_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw FormatError(what_ + ": " + why); }

  static std::string name_of(const onnx::FunctionProto& function) {
    return "the function '" + printable(function.name().substr(0, 80)) + "' of '" +
           printable(function.domain().substr(0, 80)) + "'";
  }

  std::int64_t standard_set(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& sets) const {
    for (const auto& set : sets) {
      if (set.domain().empty() || set.domain() == "ai.onnx") return set.version();
    }
    return 0;
  }

  void expand(const onnx::NodeProto& node) {
    if (++steps_ > most_nodes_) {
      refuse("its functions make more than " + std::to_string(most_nodes_) + " nodes of the network");
    }
    const auto found = functions_.find({node.domain(), node.op_type()});
    if (found == functions_.end()) {
      *nodes_.Add() = node;
      return;
    }
    const auto& function = *found->second;
    if (std::find(open_.begin(), open_.end(), &function) != open_.end()) {
      refuse(name_of(function) + " calls itself, by itself or through others: it would never end");
    }
    if (open_.size() == kDeepest) refuse(name_of(function) + " is called from 32 others, one in the other");
    const std::int64_t written_for = standard_set(function.opset_import());
    if (written_for != 0 && written_for != standard_set(file_.opset_import())) {
      refuse(name_of(function) + " is written for operator set " + std::to_string(written_for) +
             " of ONNX, and the network for another");
    }
    spend(node.ByteSizeLong() + function.ByteSizeLong());
    open_.push_back(&function);
    call(function, node);
    open_.pop_back();
  }

  void call(const onnx::FunctionProto& function, const onnx::NodeProto& node) {
    const std::string prefix = (node.name().empty() ? function.name() : node.name()) + "/";
    const std::string own = prefix + std::to_string(calls_++) + "/";  // no other call's
    std::map<std::string, std::string> names{{"", ""}};
    for (int i = 0; i < function.input_size(); ++i) {
      names[function.input(i)] = i < node.input_size() ? node.input(i) : "";
    }
    for (int i = 0; i < function.output_size() && i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      const auto [entry, added] = names.try_emplace(function.output(i), node.output(i));
      if (!added) pass_on(entry->second, node.output(i), prefix);
    }
    const auto renamed = [&](const std::string& name) { return names.try_emplace(name, own + name).first->second; };
    std::vector<Attribute> given(node.attribute().begin(), node.attribute().end());
    const auto defaults = defaults_of(function);
    given.insert(given.end(), defaults.begin(), defaults.end());  // the call's own are found first
    for (onnx::NodeProto inner : function.node()) {
      inner.set_name(prefix + inner.name());
      for (auto& name : *inner.mutable_input()) name = renamed(name);
      for (auto& name : *inner.mutable_output()) name = renamed(name);
      fill_in(inner, given);
      spend(inner.ByteSizeLong());
      expand(inner);
    }
  }

  // Each call is a copy, with names that grow: a small file must not ask for a lot of memory.
  void spend(std::size_t bytes) {
    if (bytes > budget_) refuse("its functions make more of the network than such a file warrants");
    budget_ -= bytes;
  }

  // A result that is one of the function's sources, or another of its results.
  void pass_on(const std::string& from, const std::string& to, const std::string& prefix) {
    auto& node = *nodes_.Add();
    node.set_op_type("Identity");
    node.set_name(prefix + "result");
    node.add_input(from);
    node.add_output(to);
  }

  // Attributes that refer to the call's get those; one that the call does not give is left out.
  static void fill_in(onnx::NodeProto& node, const std::vector<Attribute>& given) {
    google::protobuf::RepeatedPtrField<Attribute> filled;
    for (const auto& attribute : node.attribute()) {
      if (attribute.ref_attr_name().empty()) {
        *filled.Add() = attribute;
        continue;
      }
      const auto found = std::find_if(given.begin(), given.end(),
                                      [&](const auto& each) { return each.name() == attribute.ref_attr_name(); });
      if (found == given.end()) continue;
      *filled.Add() = *found;
      filled.rbegin()->set_name(attribute.name());
    }
    node.mutable_attribute()->Swap(&filled);
  }

  const onnx::ModelProto& file_;
  const int most_nodes_;
  const std::string what_;
  std::map<Key, const onnx::FunctionProto*> functions_;
  std::vector<const onnx::FunctionProto*> open_;  // those being expanded
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes_;
  std::size_t budget_;
  int steps_ = 0;
  int calls_ = 0;
};

}  // namespace

void inline_onnx_functions(onnx::ModelProto& file, int most_nodes, const std::string& what) {
  if (file.functions_size() == 0) return;
  auto nodes = Inliner(file, most_nodes, what).run();
  file.mutable_graph()->mutable_node()->Swap(&nodes);
}

}  // namespace facenet
