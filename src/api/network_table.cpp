// Lists a graph's layers, and gathers them into the rows of the paper's tables by the first part of their names.
#include "api/network_table.hpp"

#include <algorithm>
#include <map>

#include "ops/convolution.hpp"
#include "ops/linear.hpp"
#include "ops/pool.hpp"

namespace facenet {
namespace {

std::string kernel_text(std::int64_t height, std::int64_t width, const std::array<std::int64_t, 2>& stride) {
  std::string text = std::to_string(height) + "x" + std::to_string(width) + "/" + std::to_string(stride[0]);
  if (stride[1] != stride[0]) text += "x" + std::to_string(stride[1]);
  return text;
}

std::string kernel_of(const Graph& graph, const Graph::Node& node) {
  if (const auto* conv = dynamic_cast<const Convolution*>(node.op.get())) {
    const Shape& weights = graph.value(node.src[1]).shape;
    return kernel_text(weights[2], weights[3], conv->parameters.stride);
  }
  if (const auto* pool = dynamic_cast<const Pool*>(node.op.get())) {
    auto window = pool->parameters.window;
    auto stride = pool->parameters.stride;
    if (window[0] == 0) {  // the whole map
      const Shape& src = graph.value(node.src[0]).shape;
      window = {src[2], src[3]};
      stride = {1, 1};
    }
    return kernel_text(window[0], window[1], stride);
  }
  return {};
}

// "inception_3a" of "inception_3a/3x3/bn"; imported names may begin with a slash.
std::string_view row_of(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  return name.substr(0, name.find('/'));
}

bool deepens(const Graph::Node& node) {
  return dynamic_cast<const Convolution*>(node.op.get()) != nullptr ||
         dynamic_cast<const Linear*>(node.op.get()) != nullptr;
}

// Filters of a convolution as Table 2 prints them: "256" or, with stride 2, "256,2".
std::string filters(const Graph& graph, const Graph::Node& node) {
  const auto* conv = dynamic_cast<const Convolution*>(node.op.get());
  if (conv == nullptr) return {};
  const std::string count = std::to_string(graph.value(node.src[1]).shape[0]);
  return conv->parameters.stride[0] == 1 ? count : count + "," + std::to_string(conv->parameters.stride[0]);
}

// The branches of an inception block by the names that this library's networks give them.
void add_branch(const Graph& graph, const Graph::Node& node, TableRow& row) {
  const std::string_view branch = std::string_view(node.name).substr(node.name.rfind('/') + 1);
  if (branch == "1x1") row.conv1x1 = filters(graph, node);
  if (branch == "3x3_reduce") row.reduce3x3 = filters(graph, node);
  if (branch == "3x3") row.conv3x3 = filters(graph, node);
  if (branch == "5x5_reduce") row.reduce5x5 = filters(graph, node);
  if (branch == "5x5") row.conv5x5 = filters(graph, node);
  if (branch == "pool_proj") row.pool += ", " + filters(graph, node) + "p";
  if (const auto* pool = dynamic_cast<const Pool*>(node.op.get())) {
    row.pool = pool->kind == Pool::Kind::l2 ? "L2" : pool->kind == Pool::Kind::maximum ? "m" : "average";
    if (pool->parameters.stride[0] > 1) row.pool += " " + kernel_of(graph, node);
  }
}

}  // namespace

std::vector<LayerInfo> layers_of(const Graph& graph) {
  std::vector<LayerInfo> list;
  for (const auto& node : graph.nodes()) {
    LayerInfo info{
        .name = node.name, .kind = std::string(node.op->name()), .shape = {}, .kernel = kernel_of(graph, node)};
    const Shape& shape = graph.value(node.dst).shape;
    info.shape.assign(shape.dims().begin(), shape.dims().end());
    std::vector<Shape> sources;
    for (const int id : node.src) {
      sources.push_back(graph.value(id).shape);
      const auto& parameter = graph.value(id).parameter;
      if (parameter && !parameter->buffer) info.parameters += sources.back().elements();
    }
    info.multiply_adds = node.op->multiply_adds(sources);
    list.push_back(std::move(info));
  }
  return list;
}

std::vector<TableRow> table_of(const Graph& graph) {
  const std::vector<LayerInfo> layers = layers_of(graph);
  std::vector<TableRow> rows;
  std::map<int, int> depth;  // of each value, counted from where its row begins
  std::size_t convolutions = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Graph::Node& node = graph.nodes()[i];
    const LayerInfo& layer = layers[i];
    if (rows.empty() || rows.back().name != row_of(node.name)) {
      rows.emplace_back();
      rows.back().name = row_of(node.name);
      rows.back().kind = layer.kind;
      rows.back().kernel = layer.kernel;
      depth.clear();
      convolutions = 0;
    }
    TableRow& row = rows.back();
    int before = 0;
    for (const int id : node.src) {
      if (const auto found = depth.find(id); found != depth.end()) before = std::max(before, found->second);
    }
    depth[node.dst] = before + (deepens(node) ? 1 : 0);
    row.depth = std::max(row.depth, depth[node.dst]);
    row.shape = layer.shape;
    row.parameters += layer.parameters;
    row.multiply_adds += layer.multiply_adds;
    convolutions += deepens(node) ? 1 : 0;
    if (convolutions > 1) {
      row.kind = "block";
      row.kernel.clear();
    }
    if (row.name.starts_with("inception_")) {
      row.kind = "inception";
      row.kernel.clear();
      add_branch(graph, node, row);
    }
  }
  return rows;
}

}  // namespace facenet
