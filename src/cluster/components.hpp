// Items that a chain of near ones connects.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/links.hpp"
#include "cluster/watch.hpp"
#include "facenet/embeddings.hpp"

namespace facenet {

/// The components of the graph in which items at most `limit` apart, and those of one bundle, are joined: each one's
/// items, ascending, in the order of their first ones. What is a little further apart than the limit may be joined too.
/// Time n^2, memory n. Reports 0 to `share`.
std::vector<std::vector<std::int32_t>> components(const Embeddings& items, const Links& links, float limit,
                                                  Watch& watch, double share);

}  // namespace facenet
