// What every index checks and locks.
#include "gallery/index.hpp"

#include <cmath>
#include <string>
#include <unordered_set>

#include "facenet/error.hpp"
#include "gallery/exact_index.hpp"
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

void Index::add(std::span<const std::int64_t> ids, const Embeddings& rows, const std::stop_token& stop) {
  if (ids.size() != rows.size()) {
    throw InvalidArgument("index: " + std::to_string(ids.size()) + " numbers for " + std::to_string(rows.size()) +
                          " rows to add");
  }
  check(rows, dimension_, "index, the rows to add");
  std::unordered_set<std::int64_t> known;
  known.reserve(ids.size());
  const auto lock = writing();
  for (const std::int64_t id : ids) {
    if (!known.insert(id).second || holds(id)) {
      throw InvalidArgument("index: row " + std::to_string(id) + " is there already");
    }
  }
  insert(ids, rows, stop);
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

std::unique_ptr<Index> make_index(IndexKind kind, std::int64_t dimension) {
  switch (kind) {
    case IndexKind::exact:
      return std::make_unique<ExactIndex>(dimension);
  }
  throw InvalidArgument("index: unknown kind");
}

}  // namespace facenet
