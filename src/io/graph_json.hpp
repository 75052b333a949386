// Graphs as JSON, as model files keep them (docs/file-formats.md).
#pragma once

#include <string>

#include "graph/graph.hpp"
#include "io/json.hpp"

namespace facenet {

/// Names, operators, fields and shapes; not the parameters' values. InvalidArgument when two layers or two parameters
/// have one name, or a parameter stands where data belong.
Json graph_to_json(const Graph& graph);

/// The graph with parameters that have no values yet. FormatError, beginning with `what` and naming the layer, unless
/// every operator, field, reference and shape is known, bounded and fits.
Graph graph_from_json(const Json& json, const std::string& what);

/// FormatError, beginning with `what`, unless a tensor of this shape may stand in a file.
void require_bounded(const Shape& shape, const std::string& what);

}  // namespace facenet
