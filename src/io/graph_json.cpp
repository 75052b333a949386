// Graphs as JSON: nothing read is trusted.
#include "io/graph_json.hpp"

#include <map>
#include <set>

#include <facenet/error.hpp>

#include "ops/registry.hpp"

namespace facenet {
namespace {

constexpr const char* kInput = "$images";  // the graph's input among the sources; no layer's name begins with '$'
constexpr std::int64_t kMaxExtent = 65536;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;  // of a tensor for one image: 1 GiB of floats
constexpr std::size_t kMaxNodes = 100'000;
constexpr std::size_t kMaxSources = 1024;

class FieldWriter final : public Fields {
 public:
  void field(std::string_view name, std::int64_t& value) override { put(name, value); }
  void field(std::string_view name, float& value) override { put(name, value); }
  void field(std::string_view name, bool& value) override { put(name, value); }
  void field(std::string_view name, std::array<std::int64_t, 2>& value) override { put(name, value); }
  void field(std::string_view name, std::array<float, 3>& value) override { put(name, value); }
  void field(std::string_view name, std::vector<std::int64_t>& value) override { put(name, value); }
  Json json = Json::object();

 private:
  bool reads() const override { return false; }
  template <typename T>
  void put(std::string_view name, const T& value) {
    json[std::string(name)] = value;
  }
};

// Takes the fields it finds out of the object: what is left is unknown. One that is absent keeps its default.
class FieldReader final : public Fields {
 public:
  FieldReader(const Json& json, std::string what) : what_(std::move(what)), left_(json) {}

  void field(std::string_view name, std::int64_t& value) override {
    read(name, [&](const Json& json, const std::string& what) { value = integer(json, what); });
  }
  void field(std::string_view name, float& value) override {
    read(name, [&](const Json& json, const std::string& what) { value = checked_float(json, what); });
  }
  void field(std::string_view name, bool& value) override {
    read(name, [&](const Json& json, const std::string& what) {
      if (!json.is_boolean()) throw FormatError(what + ": wants true or false");
      value = json.get<bool>();
    });
  }
  void field(std::string_view name, std::array<std::int64_t, 2>& value) override {
    read_all(name, value, [](const Json& json, const std::string& what) { return integer(json, what); });
  }
  void field(std::string_view name, std::array<float, 3>& value) override { read_all(name, value, checked_float); }
  void field(std::string_view name, std::vector<std::int64_t>& value) override {
    read(name, [&](const Json& json, const std::string& what) {
      if (!json.is_array() || json.size() > Shape::kMaxRank) {
        throw FormatError(what + ": wants a list of at most " + std::to_string(Shape::kMaxRank) + " numbers");
      }
      value.clear();
      for (const auto& element : json) value.push_back(checked_integer(element, -1, kMaxExtent, what));
    });
  }
  void finish() const {
    if (!left_.empty()) throw FormatError(what_ + ": has no field '" + left_.begin().key() + "'");
  }

 private:
  bool reads() const override { return true; }
  static std::int64_t integer(const Json& json, const std::string& what) {
    return checked_integer(json, 0, kMaxExtent, what);
  }
  template <typename Read>
  void read(std::string_view name, Read&& function) {
    const auto found = left_.find(std::string(name));
    if (found == left_.end()) return;
    function(*found, what_ + ", " + std::string(name));
    left_.erase(found);
  }
  template <typename Array, typename Read>
  void read_all(std::string_view name, Array& value, Read&& element) {
    read(name, [&](const Json& json, const std::string& what) {
      if (!json.is_array() || json.size() != value.size()) {
        throw FormatError(what + ": wants " + std::to_string(value.size()) + " numbers");
      }
      for (std::size_t i = 0; i < value.size(); ++i) value[i] = element(json[i], what);
    });
  }

  std::string what_;
  Json left_;
};

Shape shape_from_json(const Json& json, const std::string& what) {
  if (json.size() > Shape::kMaxRank) throw FormatError(what + ": more than 6 dimensions");
  std::vector<std::int64_t> dims;
  for (const auto& dim : json) dims.push_back(checked_integer(dim, 1, kMaxExtent, what));
  Shape shape(dims);
  require_bounded(shape, what);
  return shape;
}

Json shape_to_json(const Shape& shape) { return std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end()); }

bool flag(const Json& object, const char* key, const std::string& what) {
  return member(object, key, Json::value_t::boolean, what).get<bool>();
}

// Values by the names that layers refer to them with.
using Names = std::map<std::string, int>;

void append_sources(const Json& list, const Names& names, const char* kind, std::vector<int>& src,
                    const std::string& what) {
  if (list.size() > kMaxSources) throw FormatError(what + ": more than 1024 sources");
  for (const auto& source : list) {
    const auto found = source.is_string() ? names.find(source.get<std::string>()) : names.end();
    if (found == names.end()) {
      throw FormatError(what + ": refers to " + json_text(source).substr(0, 80) + ", which is no " + kind +
                        " before it");
    }
    src.push_back(found->second);
  }
}

void add_node(Graph& graph, const Json& json, Names& layers, const Names& parameters, const std::string& file) {
  const std::string name = member(json, "name", Json::value_t::string, file + ": a layer").get<std::string>();
  const std::string what = file + ": layer '" + name + "'";
  if (name.empty() || name[0] == '$' || layers.contains(name)) {
    throw FormatError(what + ": the name is taken or not allowed");
  }
  std::vector<int> src;
  append_sources(member(json, "src", Json::value_t::array, what), layers, "layer", src, what);
  const Json& own = member(json, "parameters", Json::value_t::array, what);
  append_sources(own, parameters, "parameter", src, what);
  try {
    const auto op = make_operator(member(json, "op", Json::value_t::string, what).get<std::string>());
    FieldReader reader(member(json, "fields", Json::value_t::object, what), what);
    op->visit(reader);
    reader.finish();
    if (own.size() != op->parameter_inputs()) {
      throw FormatError(what + ": " + std::string(op->name()) + " wants " + std::to_string(op->parameter_inputs()) +
                        " parameters");
    }
    const int dst = graph.add_node(name, op, src);
    require_bounded(graph.value(dst).shape, what);
    layers.emplace(name, dst);
  } catch (const InvalidArgument& error) {
    throw FormatError(what + ": " + error.what());
  }
}

}  // namespace

void require_bounded(const Shape& shape, const std::string& what) {
  std::int64_t elements = 1;
  for (const auto dim : shape.dims()) {
    // Both factors are bounded, so that the product cannot overflow.
    if (dim < 1 || dim > kMaxExtent || (elements *= dim) > kMaxElements) {
      throw FormatError(what + ": the shape " + shape.text() + " is beyond all bounds");
    }
  }
}

Json graph_to_json(const Graph& graph) {
  std::vector<std::string> names(graph.values().size());
  names[0] = kInput;
  std::set<std::string> used;
  Json parameters = Json::array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& parameter = graph.values()[i].parameter;
    if (!parameter) continue;
    names[i] = parameter->name;
    if (!used.insert(names[i]).second) throw InvalidArgument("two parameters are called '" + names[i] + "'");
    parameters.push_back({{"name", names[i]},
                          {"shape", shape_to_json(parameter->value.shape())},
                          {"buffer", parameter->buffer},
                          {"decay", parameter->decay}});
  }
  used.clear();
  Json nodes = Json::array();
  for (const auto& node : graph.nodes()) {
    if (node.name.empty() || node.name[0] == '$' || !used.insert(node.name).second) {
      throw InvalidArgument("the layer's name '" + node.name + "' is used twice or not allowed");
    }
    names[static_cast<std::size_t>(node.dst)] = node.name;
    const std::size_t data = node.src.size() - node.op->parameter_inputs();
    Json sources = Json::array();
    Json own = Json::array();
    for (std::size_t i = 0; i < node.src.size(); ++i) {
      if ((graph.value(node.src[i]).parameter != nullptr) != (i >= data)) {
        throw InvalidArgument("layer '" + node.name + "': data and parameters are mixed up");
      }
      (i < data ? sources : own).push_back(names[static_cast<std::size_t>(node.src[i])]);
    }
    FieldWriter writer;
    const_cast<Operator&>(*node.op).visit(writer);  // one visitor serves both directions; the writer only reads
    nodes.push_back({{"name", node.name},
                     {"op", std::string(node.op->name())},
                     {"src", std::move(sources)},
                     {"parameters", std::move(own)},
                     {"fields", std::move(writer.json)}});
  }
  return {{"input", shape_to_json(graph.input_shape())},
          {"parameters", std::move(parameters)},
          {"nodes", std::move(nodes)},
          {"output", names[static_cast<std::size_t>(graph.output())]}};
}

Graph graph_from_json(const Json& json, const std::string& what) {
  Graph graph(shape_from_json(member(json, "input", Json::value_t::array, what), what + ": input"));
  Names parameters;
  const Json& list = member(json, "parameters", Json::value_t::array, what);
  const Json& nodes = member(json, "nodes", Json::value_t::array, what);
  if (list.size() > kMaxNodes || nodes.size() > kMaxNodes) throw FormatError(what + ": more than 100000 layers");
  for (const auto& entry : list) {
    const auto parameter = std::make_shared<Parameter>();
    parameter->name = member(entry, "name", Json::value_t::string, what + ": a parameter").get<std::string>();
    const std::string which = what + ": parameter '" + parameter->name + "'";
    const Shape shape = shape_from_json(member(entry, "shape", Json::value_t::array, which), which);
    // A view of nothing: the shape is known, the values come from the file's tensors.
    parameter->value = Tensor(TensorSpec{shape}, nullptr);
    parameter->buffer = flag(entry, "buffer", which);
    parameter->decay = flag(entry, "decay", which);
    if (!parameters.emplace(parameter->name, graph.add_parameter(parameter)).second) {
      throw FormatError(which + " stands there twice");
    }
  }
  Names layers{{kInput, 0}};
  for (const auto& node : nodes) add_node(graph, node, layers, parameters, what);
  const auto output = layers.find(member(json, "output", Json::value_t::string, what).get<std::string>());
  if (output == layers.end() || output->second == 0) throw FormatError(what + ": the output is no layer");
  graph.set_output(output->second);
  return graph;
}

}  // namespace facenet
