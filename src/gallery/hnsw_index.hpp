// A graph of near neighbours (Malkov and Yashunin 2018), by hnswlib: most of the nearest in a fraction of the time.
#pragma once

#include <memory>

#include "gallery/index.hpp"

namespace facenet {

/// InvalidArgument where the library was built without FACENET_WITH_HNSW.
std::unique_ptr<Index> make_hnsw_index(std::int64_t dimension);

}  // namespace facenet
