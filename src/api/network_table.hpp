// A network as the paper prints it: a line for each layer with its normalisation, or for each inception block.
#pragma once

#include <vector>

#include <facenet/model.hpp>

#include "graph/graph.hpp"

namespace facenet {

std::vector<LayerInfo> layers_of(const Graph& graph);
std::vector<TableRow> table_of(const Graph& graph);

}  // namespace facenet
