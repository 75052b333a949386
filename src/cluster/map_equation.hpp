// The map equation (Rosvall, Axelsson and Bergstrom 2009): groups of nodes in which a random walker stays long.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/links.hpp"
#include "cluster/neighbours.hpp"
#include "cluster/watch.hpp"

namespace facenet {

/// An undirected network and the walk on it: how often in the long run the walker takes each edge, and is at each node.
/// Each edge stands in the lists of both its ends.
struct FlowNetwork {
  std::vector<std::int64_t> begin;   ///< [nodes + 1] where the edges of each node begin
  std::vector<std::int32_t> target;  ///< [edges] the node at the other end
  std::vector<float> flow;           ///< [edges] in one direction; to a node itself: not here, but in `visit`
  std::vector<double> visit;         ///< [nodes]; the sum is 1
  Apart apart{};                     ///< nodes that must not be in one group

  std::int32_t nodes() const { return static_cast<std::int32_t>(visit.size()); }
};

/// An edge where either is a neighbour of the other; the walker takes it the more often the shorter it is, and hardly
/// ever at a length of `limit`.
FlowNetwork flow_network(const Neighbours& neighbours, float limit);

/// A node for each group; labels [nodes] of `network` are 0 to groups - 1, and each is there.
FlowNetwork aggregated(const FlowNetwork& network, std::span<const std::int32_t> labels, std::int32_t groups);

/// Bits that a step of the walk takes to describe by names of groups and of nodes in them.
double code_length(const FlowNetwork& network, std::span<const std::int32_t> labels);

/// Labels [nodes] from 0 up, in no particular order, whose code is short: nodes move to the neighbour's group where the
/// code gets shortest, then groups as wholes, again and again until nothing is won; then parts of groups, and single
/// nodes once more (the search of Infomap). The order of nodes is drawn from `seed`. Reports from `from` to 1.
std::vector<std::int32_t> shortest_code(const FlowNetwork& network, std::uint64_t seed, Watch& watch, double from);

}  // namespace facenet
