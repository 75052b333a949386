// The k nearest of embeddings that come and go: what a gallery searches with.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <stop_token>

#include "facenet/embeddings.hpp"
#include "metric/search.hpp"

namespace facenet {

enum class IndexKind {
  exact,  ///< all rows, in float32
};

/// What a person should be able to see of an index.
struct IndexInfo {
  IndexKind kind = IndexKind::exact;
  std::int64_t size = 0;   ///< rows
  std::int64_t bytes = 0;  ///< of memory
};

/// Rows by a number of the caller's. Any number of threads may search at once; adding and removing wait for them and
/// exclude each other. An answer is that of one moment.
class Index {
 public:
  virtual ~Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// InvalidArgument when a number is there already or comes twice, the dimension is another, or a value is not finite:
  /// nothing is added then. Interrupted when `stop` asks; what was added until then stays.
  void add(std::span<const std::int64_t> ids, const Embeddings& rows, const std::stop_token& stop = {});
  /// How many of them were there. No trace of a removed row stays in memory.
  std::int64_t remove(std::span<const std::int64_t> ids);
  /// The min(k, size) nearest rows to each query; squared L2. InvalidArgument when k < 1, the dimension is another or a
  /// value is not finite. Interrupted when `stop` asks.
  Hits search(const Embeddings& queries, std::int64_t k, const std::stop_token& stop = {}) const;
  IndexInfo info() const;

 protected:
  explicit Index(std::int64_t dimension);
  std::int64_t dimension() const { return dimension_; }

 private:
  // Called with what was checked, and with the lock that each needs.
  virtual bool holds(std::int64_t id) const = 0;
  virtual void insert(std::span<const std::int64_t> ids, const Embeddings& rows, const std::stop_token& stop) = 0;
  virtual void erase(std::int64_t id) = 0;
  virtual Hits nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const = 0;
  virtual IndexInfo describe() const = 0;

  std::shared_lock<std::shared_mutex> reading() const;
  std::unique_lock<std::shared_mutex> writing() const;

  std::int64_t dimension_;
  // A writer holds the gate while it waits, so that a stream of readers cannot keep it out for ever.
  mutable std::mutex gate_;
  mutable std::shared_mutex mutex_;
};

/// An empty index. InvalidArgument when the dimension is below 1.
std::unique_ptr<Index> make_index(IndexKind kind, std::int64_t dimension);

}  // namespace facenet
