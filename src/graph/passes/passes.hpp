// Passes: from a graph to one that computes the same with less. Untouched parameters are shared, changed ones are
// copies.
#pragma once

#include <map>
#include <set>
#include <string>

#include "graph/graph.hpp"

namespace facenet::passes {

/// Dropout does nothing in inference.
Graph remove_dropout(const Graph& graph);
/// Nodes and parameters that the output does not depend on.
Graph remove_dead_nodes(const Graph& graph);
/// Multiplications by and additions of constants for each channel that alone read a convolution become part of its
/// weights and bias. The node has the name of the last layer in it.
Graph fold_affine(const Graph& graph);
/// A ReLU that alone reads a convolution or a batch normalisation becomes part of it.
Graph fuse_relu(const Graph& graph);
/// A batch normalisation that alone reads a convolution becomes part of its weights and bias:
/// W' = g W, b' = g (b - mean) + shift, with g = scale / sqrt(variance + epsilon).
Graph fold_batch_norm(const Graph& graph);

/// GELU and layer normalisation that are written out as sums and products become one operator: for graphs from
/// elsewhere.
Graph recognise_gelu(const Graph& graph);
Graph recognise_layer_norm(const Graph& graph);

/// A sum with another value, and a PReLU or ReLU after it, that alone read a convolution become part of it, where a
/// fast kernel does so. The node has the name of the last layer in it.
Graph fuse_tails(const Graph& graph);

/// All of those that always help but fuse_tails, in the order in which each finds what the one before it left.
Graph optimised(const Graph& graph);

/// The same graph whose first operator makes bfloat16, which all operators after it follow. Parameters stay float32.
Graph in_bf16(const Graph& graph);
/// The same graph whose convolutions may multiply in float16 (ConvolutionProblem::f16).
Graph in_f16(const Graph& graph);

/// How far the values of an optimised graph reach, by the names of the layers that make them, and the convolutions that
/// had better stay in float32.
struct Int8Ranges {
  std::map<std::string, float> largest;  ///< absolute values beyond are cut; a layer without a range stays float32
  std::set<std::string> in_f32;
};

/// The same optimised graph with its convolutions in bytes, and with them maximum and L2 pooling and concatenation
/// where they stand between them. All else is computed in float32, with changes of unit put in.
Graph in_int8(const Graph& graph, const Int8Ranges& ranges);

}  // namespace facenet::passes
