// The k nearest of embeddings that come and go: what a gallery searches with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string_view>

#include "facenet/embeddings.hpp"
#include "metric/search.hpp"

namespace facenet {

enum class IndexKind {
  exact,  ///< all rows, in float32
  codes,  ///< all rows, as codes of a byte for each dimension
  hnsw,   ///< some rows, along a graph of neighbours (FACENET_WITH_HNSW)
};

/// "exact", "codes", "hnsw". InvalidArgument for another name.
IndexKind index_kind_from_name(std::string_view name);
std::string_view name_of(IndexKind kind);

/// What a person should be able to see of an index.
struct IndexInfo {
  IndexKind kind = IndexKind::exact;
  std::int64_t size = 0;   ///< rows
  std::int64_t bytes = 0;  ///< of memory
  /// hnsw: the share of the 10 nearest that a search finds, on `recall_queries` of its own rows when it had
  /// `recall_size` of them; absent before it has 1,000.
  std::optional<double> recall{};
  std::int64_t recall_queries = 0;
  std::int64_t recall_size = 0;
};

/// Called from the calling thread with the share done, 0 to 1.
using IndexProgress = std::function<void(double)>;

/// Rows by a number of the caller's. Any number of threads may search at once; adding and removing wait for them and
/// exclude each other.
class Index {
 public:
  virtual ~Index() = default;
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// InvalidArgument when a number is there already or comes twice, the dimension is another, or a value is not finite:
  /// nothing is added then. Searches go on meanwhile and find what has been added so far. Interrupted when `stop` asks:
  /// what was added stays.
  void add(std::span<const std::int64_t> ids, const Embeddings& rows, const IndexProgress& progress = {},
           const std::stop_token& stop = {});
  /// How many of them were there. No trace of a removed row stays in the index.
  std::int64_t remove(std::span<const std::int64_t> ids);
  /// The min(k, size) nearest rows to each query, of one moment; squared L2. With hnsw there may be fewer, and others.
  /// InvalidArgument when k < 1, the dimension is another or a value is not finite. Interrupted when `stop` asks.
  Hits search(const Embeddings& queries, std::int64_t k, const std::stop_token& stop = {}) const;
  IndexInfo info() const;

 protected:
  explicit Index(std::int64_t dimension);
  std::int64_t dimension() const { return dimension_; }
  std::shared_lock<std::shared_mutex> reading() const;
  std::unique_lock<std::shared_mutex> writing() const;

 private:
  // Called with what was checked and, but for `added`, with the lock that each needs.
  virtual bool holds(std::int64_t id) const = 0;
  virtual void insert(std::span<const std::int64_t> ids, const Embeddings& rows) = 0;
  virtual void erase(std::int64_t id) = 0;
  virtual Hits nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const = 0;
  virtual IndexInfo describe() const = 0;
  virtual void added(const std::stop_token& /*stop*/) {}  // after the last of the rows

  std::int64_t dimension_;
  // A writer holds the gate while it waits, so that a stream of readers cannot keep it out for ever.
  mutable std::mutex gate_;
  mutable std::shared_mutex mutex_;
};

/// Up to how many rows `build_index` chooses exact search by itself; above, hnsw where it is built in.
inline constexpr std::int64_t kExactUpTo = 2'000'000;
/// exact or hnsw, by that.
IndexKind index_kind_for(std::int64_t size);

/// An index that holds `rows` [n,D], numbered `ids`. Codes are calibrated on the rows, of which there are two or more
/// then. InvalidArgument for hnsw where it is not built in; otherwise as Index::add.
std::unique_ptr<Index> build_index(IndexKind kind, const Embeddings& rows, std::span<const std::int64_t> ids,
                                   const IndexProgress& progress = {}, const std::stop_token& stop = {});

/// An empty index, exact or hnsw: codes have nothing to be calibrated on. InvalidArgument when the dimension is
/// below 1.
std::unique_ptr<Index> make_index(IndexKind kind, std::int64_t dimension);

}  // namespace facenet
