// Exact search: which thread looks at which rows for which queries, and the nearest so far.
#include "metric/search.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/aligned.hpp"
#include "base/threads.hpp"
#include "facenet/error.hpp"
#include "metric/scan.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kChunkPanels = 512;
constexpr std::int64_t kChunkRows = kChunkPanels * kPanelRows;
constexpr float kNothing = std::numeric_limits<float>::infinity();  // the bias of a row that is not there
constexpr std::int64_t kQueryBytes = 160 << 10;  // queries stay in the second cache while rows pass by
constexpr std::int64_t kGroup = 24;              // a multiple of what every kernel takes at once
constexpr std::int64_t kSmall = 1 << 18;         // multiply-adds that are not worth a second thread

}  // namespace

void Nearest::offer(const Hit& hit) {
  if (heap_.size() < k_) {
    heap_.push_back(hit);
    std::push_heap(heap_.begin(), heap_.end());
  } else {
    if (!(hit < heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.back() = hit;
    std::push_heap(heap_.begin(), heap_.end());
  }
  if (heap_.size() == k_) worst_ = heap_.front().distance;
}

std::vector<Hit> Nearest::take() {
  std::sort_heap(heap_.begin(), heap_.end());
  return std::move(heap_);
}

// Some of the queries against some of the panels.
struct SearchRows::Task {
  const SearchRows* rows = nullptr;
  std::int64_t first_panel = 0;
  std::int64_t last_panel = 0;  // one past
  const float* packed = nullptr;
  const float* own = nullptr;
  std::int64_t count = 0;
  std::vector<Nearest> nearest{};
  std::vector<float> worst{};
  std::int64_t at = 0;  // the first row of what is being scanned

  static void found(void* state, std::int64_t query, std::int64_t panel, const float* distances) {
    Task& task = *static_cast<Task*>(state);
    Nearest& own = task.nearest[static_cast<std::size_t>(query)];
    const std::int64_t row = task.at + panel * kPanelRows;
    for (std::int64_t i = 0; i < kPanelRows; ++i) {
      if (distances[i] <= own.worst()) own.offer({task.rows->id(row + i), distances[i]});
    }
    task.worst[static_cast<std::size_t>(query)] = own.worst();
  }
};

SearchRows::SearchRows(std::int64_t dimension, Element element)
    : dimension_(dimension),
      padded_(element == Element::byte ? (dimension + 3) / 4 * 4 : dimension),
      element_(element) {}

std::int64_t SearchRows::panel_bytes() const { return padded_ * kPanelRows * (element_ == Element::byte ? 1 : 4); }
std::int64_t SearchRows::panels() const { return (size() + kPanelRows - 1) / kPanelRows; }

std::byte* SearchRows::panel(std::int64_t row) const {
  return chunks_[static_cast<std::size_t>(row / kChunkRows)].values.get() +
         row % kChunkRows / kPanelRows * panel_bytes();
}

std::int64_t SearchRows::bytes() const {
  return static_cast<std::int64_t>(chunks_.size()) * kChunkPanels *
             (panel_bytes() + kPanelRows * static_cast<std::int64_t>(sizeof(float))) +
         static_cast<std::int64_t>(ids_.capacity() * sizeof(std::int64_t));
}

void SearchRows::begin(std::int64_t id, float bias) {
  const std::int64_t row = size();
  if (row % kChunkRows == 0 && row / kChunkRows == static_cast<std::int64_t>(chunks_.size())) {
    chunks_.push_back({zeroed_bytes(static_cast<std::size_t>(kChunkPanels * panel_bytes())),
                       std::vector<float>(static_cast<std::size_t>(kChunkRows), kNothing)});
  }
  ids_.push_back(id);
  chunks_[static_cast<std::size_t>(row / kChunkRows)].biases[static_cast<std::size_t>(row % kChunkRows)] = bias;
}

void SearchRows::append(std::int64_t id, const float* values) {
  begin(id, scan_norm(values, dimension_));
  const std::int64_t row = size() - 1;
  float* to = reinterpret_cast<float*>(panel(row)) + row % kPanelRows;
  for (std::int64_t k = 0; k < dimension_; ++k) to[k * kPanelRows] = values[k];
}

void SearchRows::append(std::int64_t id, const std::int8_t* values, float bias) {
  begin(id, bias);
  const std::int64_t row = size() - 1;
  std::byte* to = panel(row) + row % kPanelRows * 4;
  for (std::int64_t k = 0; k < dimension_; ++k) {
    to[k / 4 * 4 * kPanelRows + k % 4] = static_cast<std::byte>(values[k]);
  }
}

// Four bytes at a time: a float, or four dimensions of bytes.
void SearchRows::remove(std::int64_t row) {
  const std::int64_t last = size() - 1;
  std::byte* const to = panel(row) + row % kPanelRows * 4;
  std::byte* const from = panel(last) + last % kPanelRows * 4;
  for (std::int64_t at = 0; at < panel_bytes(); at += 4 * kPanelRows) {
    std::memmove(to + at, from + at, 4);
    std::memset(from + at, 0, 4);
  }
  float& bias =
      chunks_[static_cast<std::size_t>(last / kChunkRows)].biases[static_cast<std::size_t>(last % kChunkRows)];
  chunks_[static_cast<std::size_t>(row / kChunkRows)].biases[static_cast<std::size_t>(row % kChunkRows)] = bias;
  bias = kNothing;
  ids_[static_cast<std::size_t>(row)] = ids_.back();
  ids_.pop_back();
}

void SearchRows::visit(Task& task, const std::stop_token& stop) const {
  std::shared_ptr<std::byte> scratch;
  Scan pass{.queries = task.packed,
            .count = task.count,
            .own = task.own,
            .worst = task.worst.data(),
            .dimension = padded_,
            .state = &task,
            .found = Task::found};
  if (element_ == Element::byte && task.count > 1) {
    scratch = aligned_bytes(static_cast<std::size_t>(padded_ * kPanelRows) * sizeof(float));
    pass.scratch = reinterpret_cast<float*>(scratch.get());
  }
  for (std::int64_t panel = task.first_panel; panel < task.last_panel;) {
    if (stop.stop_requested()) throw Interrupted("the search was stopped");
    const Chunk& chunk = chunks_[static_cast<std::size_t>(panel / kChunkPanels)];
    const std::int64_t in_chunk = panel % kChunkPanels;
    pass.panel_count = std::min(kChunkPanels - in_chunk, task.last_panel - panel);
    const std::byte* const values = chunk.values.get() + in_chunk * panel_bytes();
    if (element_ == Element::byte) {
      pass.codes = reinterpret_cast<const std::int32_t*>(values);
    } else {
      pass.rows = reinterpret_cast<const float*>(values);
    }
    pass.biases = chunk.biases.data() + in_chunk * kPanelRows;
    task.at = panel * kPanelRows;
    scan(pass);
    panel += pass.panel_count;
  }
}

Hits SearchRows::nearest(const float* queries, const float* own, std::int64_t count, std::int64_t k,
                         const std::stop_token& stop) const {
  Hits results(static_cast<std::size_t>(count));
  if (size() == 0 || count == 0) return results;
  const std::int64_t most = std::max(kGroup, kQueryBytes / (4 * padded_) / kGroup * kGroup);
  const std::int64_t groups = (count + most - 1) / most;
  // Even shares, each a multiple of what the kernel takes at once.
  const std::int64_t share = count == 1 ? 1 : ((count + groups - 1) / groups + kGroup - 1) / kGroup * kGroup;
  // Queries padded, packed, and in the scale that bytes want.
  const float scale = element_ == Element::byte ? 1.0F / kCodeScale : 1.0F;
  const auto packed = aligned_bytes(static_cast<std::size_t>(groups * share * padded_) * sizeof(float));
  auto* const packed_values = reinterpret_cast<float*>(packed.get());
  std::vector<float> padded_own(static_cast<std::size_t>(groups * share));
  std::copy_n(own, count, padded_own.begin());
  std::vector<float> scaled;
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t here = std::min(share, count - g * share);
    if (here <= 0) break;
    scaled.assign(static_cast<std::size_t>(here * padded_), 0.0F);
    for (std::int64_t q = 0; q < here; ++q) {
      const float* const from = queries + (g * share + q) * dimension_;
      for (std::int64_t i = 0; i < dimension_; ++i) scaled[static_cast<std::size_t>(q * padded_ + i)] = scale * from[i];
    }
    pack_queries(scaled.data(), here, padded_, packed_values + g * share * padded_);
  }
  // Each thread takes its part of the rows for all queries, so that rows come from memory once; with many groups of
  // queries, it takes its part of the queries.
  const std::int64_t threads = current_threads();
  std::int64_t parts = groups >= 4 * threads || panels() * kPanelRows * count * padded_ < kSmall ? 1 : threads;
  parts = std::min(parts, panels());
  std::vector<Task> tasks(static_cast<std::size_t>(groups * parts));
  parallel_for(groups * parts, [&](std::int64_t number) {
    Task& task = tasks[static_cast<std::size_t>(number)];
    const std::int64_t part = number / groups;
    const std::int64_t first = number % groups * share;
    task.count = std::min(share, count - first);
    if (task.count <= 0) return;
    task.rows = this;
    task.first_panel = panels() * part / parts;
    task.last_panel = panels() * (part + 1) / parts;
    task.packed = packed_values + first * padded_;
    task.own = padded_own.data() + first;
    task.nearest.assign(static_cast<std::size_t>(task.count), Nearest(k));
    task.worst.assign(static_cast<std::size_t>(padded_queries(task.count)), -1.0F);
    for (std::int64_t q = 0; q < task.count; ++q) {
      task.worst[static_cast<std::size_t>(q)] = task.nearest[static_cast<std::size_t>(q)].worst();
    }
    visit(task, stop);
  });
  for (std::int64_t q = 0; q < count; ++q) {
    Nearest& all = tasks[static_cast<std::size_t>(q / share)].nearest[static_cast<std::size_t>(q % share)];
    for (std::int64_t part = 1; part < parts; ++part) {
      const Task& other = tasks[static_cast<std::size_t>(part * groups + q / share)];
      for (const Hit& hit : other.nearest[static_cast<std::size_t>(q % share)].kept()) all.offer(hit);
    }
    results[static_cast<std::size_t>(q)] = all.take();
  }
  return results;
}

}  // namespace facenet
