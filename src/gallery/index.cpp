// What every index checks and locks.
#include "gallery/index.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "facenet/error.hpp"
#include "gallery/exact_index.hpp"
#include "gallery/hnsw_index.hpp"
#include "metric/panels.hpp"
#include "metric/scan.hpp"

namespace facenet {
namespace {

// Distances are made of squared norms and products, which must not become infinite.
constexpr float kLargestNorm = 1e37F;

void check(const Embeddings& rows, std::int64_t dimension, const char* what) {
  if (rows.values.empty()) return;
  if (rows.dimension != static_cast<std::size_t>(dimension)) {
    throw InvalidArgument(std::string(what) + ": dimension " + std::to_string(rows.dimension) +
                          ", and the index holds embeddings of " + std::to_string(dimension) +
                          "; both must come from the same model");
  }
  require_finite_rows(rows.values, rows.size(), rows.dimension, what);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!(scan_norm(rows[i].data(), dimension) <= kLargestNorm)) {
      throw InvalidArgument(std::string(what) + ": row " + std::to_string(i) +
                            " is too long for distances in float32; embeddings have unit length");
    }
  }
}

}  // namespace

Index::Index(std::int64_t dimension) : dimension_(dimension) {
  if (dimension < 1) {
    throw InvalidArgument("index: dimension " + std::to_string(dimension) + "; embeddings have one or more");
  }
}

std::shared_lock<std::shared_mutex> Index::reading() const {
  const std::lock_guard waiting(gate_);
  return std::shared_lock(mutex_);
}

std::unique_lock<std::shared_mutex> Index::writing() const {
  const std::lock_guard waiting(gate_);
  return std::unique_lock(mutex_);
}

void Index::add(std::span<const std::int64_t> ids, const Embeddings& rows, const IndexProgress& progress,
                const std::stop_token& stop) {
  if (ids.size() != rows.size()) {
    throw InvalidArgument("index: " + std::to_string(ids.size()) + " numbers for " + std::to_string(rows.size()) +
                          " rows to add");
  }
  check(rows, dimension_, "index, the rows to add");
  const auto require_new = [&](std::span<const std::int64_t> some) {
    for (const std::int64_t id : some) {
      if (holds(id)) throw InvalidArgument("index: row " + std::to_string(id) + " is there already");
    }
  };
  std::unordered_set<std::int64_t> known;
  known.reserve(ids.size());
  for (const std::int64_t id : ids) {
    if (!known.insert(id).second) throw InvalidArgument("index: row " + std::to_string(id) + " comes twice");
  }
  {
    const auto lock = reading();
    require_new(ids);
  }
  // In slices, so that searches need not wait for all of them.
  constexpr std::size_t kSlice = 512;
  Embeddings slice{rows.dimension, {}};
  for (std::size_t begin = 0; begin < ids.size(); begin += kSlice) {
    if (stop.stop_requested()) throw Interrupted("adding to the index was stopped");
    if (progress) progress(static_cast<double>(begin) / static_cast<double>(ids.size()));
    const std::size_t count = std::min(kSlice, ids.size() - begin);
    const auto from = rows.values.begin() + static_cast<std::ptrdiff_t>(begin * rows.dimension);
    slice.values.assign(from, from + static_cast<std::ptrdiff_t>(count * rows.dimension));
    const auto lock = writing();
    require_new(ids.subspan(begin, count));  // another thread may have added it
    insert(ids.subspan(begin, count), slice);
  }
  added(stop);
  if (progress) progress(1);
}

std::int64_t Index::remove(std::span<const std::int64_t> ids) {
  const auto lock = writing();
  std::int64_t removed = 0;
  for (const std::int64_t id : ids) {
    if (!holds(id)) continue;
    erase(id);
    ++removed;
  }
  return removed;
}

Hits Index::search(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const {
  if (k < 1) throw InvalidArgument("index: k is " + std::to_string(k) + "; ask for one row or more");
  check(queries, dimension_, "index, the queries");
  const auto lock = reading();
  return nearest(queries, k, stop);
}

IndexInfo Index::info() const {
  const auto lock = reading();
  return describe();
}

IndexKind index_kind_from_name(std::string_view name) {
  for (const IndexKind kind : {IndexKind::exact, IndexKind::codes, IndexKind::hnsw}) {
    if (name_of(kind) == name) return kind;
  }
  throw InvalidArgument("there is no index '" + std::string(name.substr(0, 40)) + "'; known are exact, codes and hnsw");
}

std::string_view name_of(IndexKind kind) {
  switch (kind) {
    case IndexKind::exact:
      return "exact";
    case IndexKind::codes:
      return "codes";
    case IndexKind::hnsw:
      return "hnsw";
  }
  return "";
}

IndexKind index_kind_for(std::int64_t size) {
#if defined(FACENET_HAVE_HNSW)
  if (size > kExactUpTo) return IndexKind::hnsw;
#endif
  static_cast<void>(size);
  return IndexKind::exact;
}

std::unique_ptr<Index> make_index(IndexKind kind, std::int64_t dimension) {
  switch (kind) {
    case IndexKind::exact:
      return std::make_unique<ExactIndex>(dimension);
    case IndexKind::codes:
      throw InvalidArgument("index: codes need rows to be calibrated on; build the index from them");
    case IndexKind::hnsw:
      return make_hnsw_index(dimension);
  }
  throw InvalidArgument("index: unknown kind");
}

std::unique_ptr<Index> build_index(IndexKind kind, const Embeddings& rows, std::span<const std::int64_t> ids,
                                   const IndexProgress& progress, const std::stop_token& stop) {
  std::unique_ptr<Index> index;
  if (kind == IndexKind::codes) {
    index = std::make_unique<ExactIndex>(Codec::calibrate(rows, "8bit"));
  } else {
    index = make_index(kind, static_cast<std::int64_t>(rows.dimension));
  }
  index->add(ids, rows, progress, stop);
  return index;
}

}  // namespace facenet
