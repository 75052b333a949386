// Networks with the look of trained ones, for tests of what runs them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "nn/layers.hpp"

namespace facenet::test {

/// `count` images of the graph's input size, random bytes in patches so that they differ in more than noise.
std::vector<std::uint8_t> random_images(const Graph& graph, std::int64_t count, std::uint64_t seed);

/// A network whose batch normalisations have seen data: running statistics, scales and shifts that are not 1 and 0.
Graph seasoned_network(std::string_view architecture, nn::Norm norm, std::uint64_t seed = 1, float dropout = 0);

/// [N,D]: what the tape gives in inference mode.
std::vector<float> tape_embeddings(const Graph& graph, std::span<const std::uint8_t> images);

/// The largest difference between two lists of equal length; infinity when one number is not finite.
float largest_difference(std::span<const float> a, std::span<const float> b);

}  // namespace facenet::test
