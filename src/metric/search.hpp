// The k nearest of many rows, exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace facenet {

/// A row that is near, by the number that its owner gave it.
struct Hit {
  std::int64_t id = 0;
  float distance = 0;  ///< squared L2
  bool operator<(const Hit& other) const {
    return distance != other.distance ? distance < other.distance : id < other.id;
  }
  bool operator==(const Hit& other) const { return id == other.id && distance == other.distance; }
};

using Hits = std::vector<std::vector<Hit>>;  // of each query, nearest first; of equal ones, the lower id

/// The k least of what is offered.
class Nearest {
 public:
  explicit Nearest(std::int64_t k) : k_(static_cast<std::size_t>(k)) {}
  void offer(const Hit& hit);
  /// What is further than this is of no interest.
  float worst() const { return worst_; }
  const std::vector<Hit>& kept() const { return heap_; }
  /// In order. Empties it.
  std::vector<Hit> take();

 private:
  std::size_t k_;
  float worst_ = 3.402823466e38F;  // the largest float: infinite distances mark rows that are not there
  std::vector<Hit> heap_{};        // the worst first
};

/// Rows [n,d] of float32 or signed bytes, in panels in chunks that never move: growing copies nothing. One thread
/// changes it, any number may search while none does.
class SearchRows {
 public:
  enum class Element { float32, byte };

  SearchRows(std::int64_t dimension, Element element);

  std::int64_t size() const { return static_cast<std::int64_t>(ids_.size()); }
  std::int64_t dimension() const { return dimension_; }
  std::int64_t id(std::int64_t row) const { return ids_[static_cast<std::size_t>(row)]; }
  /// Memory that it has reserved.
  std::int64_t bytes() const;

  /// float32: `values` are finite, and so is their squared norm.
  void append(std::int64_t id, const float* values);
  /// Bytes, with the bias of the row.
  void append(std::int64_t id, const std::int8_t* values, float bias);
  /// The last row takes the place of this one, of which nothing stays in memory.
  void remove(std::int64_t row);

  /// The min(k, size) nearest to each of `count` queries [count,d], on all threads: distance max(0, own + bias -
  /// 2 <query, row>). For float32 `own` is the queries' scan_norm. k > 0. Interrupted when `stop` asks.
  Hits nearest(const float* queries, const float* own, std::int64_t count, std::int64_t k,
               const std::stop_token& stop = {}) const;

 private:
  struct Chunk {
    std::shared_ptr<std::byte> values{};
    std::vector<float> biases{};
  };
  struct Task;

  std::int64_t panel_bytes() const;
  std::int64_t panels() const;
  std::byte* panel(std::int64_t row) const;
  void begin(std::int64_t id, float bias);
  void visit(Task& task, const std::stop_token& stop) const;

  std::int64_t dimension_;
  std::int64_t padded_;  // bytes: a multiple of four
  Element element_;
  std::vector<Chunk> chunks_{};
  std::vector<std::int64_t> ids_{};
};

}  // namespace facenet
