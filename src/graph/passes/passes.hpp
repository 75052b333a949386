// Passes: from a graph to one that computes the same with less. Untouched parameters are shared, changed ones are
// copies.
#pragma once

#include "graph/graph.hpp"

namespace facenet::passes {

/// Dropout does nothing in inference.
Graph remove_dropout(const Graph& graph);
/// Nodes and parameters that the output does not depend on.
Graph remove_dead_nodes(const Graph& graph);
/// A ReLU that alone reads a convolution or a batch normalisation becomes part of it.
Graph fuse_relu(const Graph& graph);
/// A batch normalisation that alone reads a convolution becomes part of its weights and bias:
/// W' = g W, b' = g (b - mean) + shift, with g = scale / sqrt(variance + epsilon).
Graph fold_batch_norm(const Graph& graph);

/// All of them, in the order in which each finds what the one before it left.
Graph optimised(const Graph& graph);

/// The same graph whose first operator makes bfloat16, which all operators after it follow. Parameters stay float32.
Graph in_bf16(const Graph& graph);

}  // namespace facenet::passes
