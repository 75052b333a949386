// The graph index. Rows are added one after the other, so that the same rows in the same order give the same graph.
#include "gallery/hnsw_index.hpp"

#include "facenet/error.hpp"

#if defined(FACENET_HAVE_HNSW)

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <hnswlib/hnswlib.h>

#include "base/simd.hpp"
#include "base/threads.hpp"
#include "metric/scan.hpp"

namespace facenet {
namespace {

constexpr std::size_t kLinks = 16;        // of a row on each level; twice as many on the lowest
constexpr std::size_t kBuildWidth = 120;  // candidates when a row is linked
constexpr std::size_t kSearchWidth = 96;  // candidates when searching; the k asked for, when that is more
constexpr std::size_t kCapacity = 1024;   // to begin with
constexpr std::int64_t kSampled = 200;    // rows whose neighbours are looked for exactly, for the recall
constexpr std::int64_t kRecallAt = 10;
constexpr std::int64_t kLeastForRecall = 1000;

// Squared L2, as hnswlib asks for it.
FACENET_SIMD float squared_l2(const void* a, const void* b, const void* dimension) {
  constexpr std::size_t kLanes = 16;
  const auto* const x = static_cast<const float*>(a);
  const auto* const y = static_cast<const float*>(b);
  const std::size_t d = *static_cast<const std::size_t*>(dimension);
  float sums[kLanes] = {};
  std::size_t k = 0;
  for (; k + kLanes <= d; k += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const float difference = x[k + i] - y[k + i];
      sums[i] += difference * difference;
    }
  }
  float sum = 0;
  for (; k < d; ++k) sum += (x[k] - y[k]) * (x[k] - y[k]);
  for (const float part : sums) sum += part;
  return sum;
}

class Space final : public hnswlib::SpaceInterface<float> {
 public:
  explicit Space(std::int64_t dimension) : dimension_(static_cast<std::size_t>(dimension)) {}
  std::size_t get_data_size() override { return dimension_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return squared_l2; }
  void* get_dist_func_param() override { return &dimension_; }

 private:
  std::size_t dimension_;
};

// hnswlib never gives a row's place back. So its labels are places, and a removed row's place is filled with another
// row, out of sight, until a new row takes it: nothing stays of the removed one, neither its numbers nor its links.
class HnswIndex final : public Index {
 public:
  explicit HnswIndex(std::int64_t dimension) : Index(dimension), space_(dimension) { clear(); }

 private:
  using Graph = hnswlib::HierarchicalNSW<float>;

  bool holds(std::int64_t id) const override { return places_.contains(id); }

  void insert(std::span<const std::int64_t> ids, const Embeddings& rows) override {
    const std::size_t needed = ids_.size() + ids.size() - std::min(ids.size(), free_.size());
    if (needed > graph_->max_elements_) graph_->resizeIndex(std::max(needed, 2 * graph_->max_elements_));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::size_t place = ids_.size();
      if (free_.empty()) {
        ids_.push_back(ids[i]);
      } else {
        place = free_.back();
        free_.pop_back();
        ids_[place] = ids[i];
      }
      graph_->addPoint(rows[i].data(), place);
      places_[ids[i]] = place;
    }
  }

  void erase(std::int64_t id) override {
    const std::size_t place = places_.at(id);
    places_.erase(id);
    if (places_.empty()) {
      clear();
      return;
    }
    const auto inside = graph_->label_lookup_.at(place);
    // The nearest row that stays takes its place in the graph as well: there the links are right.
    auto near = graph_->searchKnn(graph_->getDataByInternalId(inside), 2);
    while (!near.empty() && near.top().second == place) near.pop();
    const std::size_t other = near.empty() ? places_.begin()->second : near.top().second;
    const char* const values = graph_->getDataByInternalId(graph_->label_lookup_.at(other));
    const std::vector<char> copy(values, values + space_.get_data_size());
    // Only then marked: hnswlib would link a graph's entry to itself while it is marked.
    graph_->updatePoint(copy.data(), inside, 1.0F);
    graph_->markDelete(place);
    free_.push_back(place);
  }

  Hits nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const override {
    Hits hits(queries.size());
    if (places_.empty()) return hits;
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(k, static_cast<std::int64_t>(places_.size())));
    parallel_for(static_cast<std::int64_t>(queries.size()), [&](std::int64_t q) {
      if (stop.stop_requested()) throw Interrupted("the search was stopped");
      auto& own = hits[static_cast<std::size_t>(q)];
      auto found = graph_->searchKnn(queries[static_cast<std::size_t>(q)].data(), wanted);
      for (; !found.empty(); found.pop()) own.push_back({ids_[found.top().second], found.top().first});
      std::sort(own.begin(), own.end());
    });
    return hits;
  }

  IndexInfo describe() const override {
    IndexInfo info = measured_;
    info.kind = IndexKind::hnsw;
    info.size = static_cast<std::int64_t>(places_.size());
    info.bytes = static_cast<std::int64_t>(graph_->max_elements_ * (graph_->size_data_per_element_ + sizeof(void*)));
    return info;
  }

  // The recall is measured when there are half as many rows again as when it was measured last.
  void added(const std::stop_token& stop) override {
    IndexInfo result;
    {
      const auto lock = reading();
      const auto size = static_cast<std::int64_t>(places_.size());
      if (size < kLeastForRecall || size < measured_.recall_size + measured_.recall_size / 2) return;
      result = measure(stop);
    }
    const auto lock = writing();
    measured_ = result;
  }

  // Some rows' neighbours by the graph, and exactly: rows pass through an exact search in blocks.
  IndexInfo measure(const std::stop_token& stop) const {
    std::vector<std::size_t> places;
    for (const auto& [id, place] : places_) places.push_back(place);
    std::sort(places.begin(), places.end());
    const auto row = [&](std::size_t place) {
      return reinterpret_cast<const float*>(graph_->getDataByInternalId(graph_->label_lookup_.at(place)));
    };
    const auto size = static_cast<std::int64_t>(places.size());
    const std::int64_t count = std::min(kSampled, size);
    Embeddings queries{static_cast<std::size_t>(dimension()), {}};
    std::vector<float> own;
    for (std::int64_t q = 0; q < count; ++q) {
      const float* const values = row(places[static_cast<std::size_t>(q * size / count)]);
      queries.append({values, queries.dimension});
      own.push_back(scan_norm(values, dimension()));
    }
    std::vector<Nearest> exact(static_cast<std::size_t>(count), Nearest(kRecallAt));
    constexpr std::size_t kBlock = 8192;
    for (std::size_t begin = 0; begin < places.size(); begin += kBlock) {
      SearchRows block(dimension(), SearchRows::Element::float32);
      for (std::size_t i = begin; i < std::min(places.size(), begin + kBlock); ++i) {
        block.append(ids_[places[i]], row(places[i]));
      }
      const Hits hits = block.nearest(queries.values.data(), own.data(), count, kRecallAt, stop);
      for (std::size_t q = 0; q < hits.size(); ++q) {
        for (const Hit& hit : hits[q]) exact[q].offer(hit);
      }
    }
    const Hits found = nearest(queries, kRecallAt, stop);
    std::int64_t right = 0;
    std::int64_t all = 0;
    for (std::size_t q = 0; q < exact.size(); ++q) {
      for (const Hit& hit : exact[q].take()) {
        ++all;
        right += std::any_of(found[q].begin(), found[q].end(), [&](const Hit& one) { return one.id == hit.id; });
      }
    }
    IndexInfo info;
    info.recall = static_cast<double>(right) / static_cast<double>(all);
    info.recall_queries = count;
    info.recall_size = size;
    return info;
  }

  void clear() {
    graph_ = std::make_unique<Graph>(&space_, kCapacity, kLinks, kBuildWidth);
    graph_->setEf(kSearchWidth);
    ids_.clear();
    free_.clear();
    measured_ = {};
  }

  Space space_;
  std::unique_ptr<Graph> graph_{};
  std::vector<std::int64_t> ids_{};                         // by place; of a free place, of no meaning
  std::unordered_map<std::int64_t, std::size_t> places_{};  // by id
  std::vector<std::size_t> free_{};
  IndexInfo measured_{};
};

}  // namespace

std::unique_ptr<Index> make_hnsw_index(std::int64_t dimension) { return std::make_unique<HnswIndex>(dimension); }

}  // namespace facenet

#else

namespace facenet {

std::unique_ptr<Index> make_hnsw_index(std::int64_t /*dimension*/) {
  throw InvalidArgument("index: this FaceNetLib was built without FACENET_WITH_HNSW; take exact");
}

}  // namespace facenet

#endif
