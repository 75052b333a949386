// Merging groups, and searching for the nearest.
#include "cluster/groups.hpp"

#include <algorithm>

#include "base/threads.hpp"
#include "cluster/scan_panels.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kQueries = 48;  // of one block of the matrix product
constexpr std::int64_t kPanels = 64;   // of one block: 1024 groups
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

Groups::Groups(const Embeddings& items, const Links& links, bool spread, std::span<const Bulk> bulk)
    : dimension_(static_cast<std::int64_t>(items.dimension)),
      spread_(spread),
      left_(static_cast<std::int64_t>(items.size() - links.same.size())),
      means_(items.values),
      exact_(items.values.begin(), items.values.end()),
      spreads_(items.size()),
      sizes_(items.size(), 1),
      row_of_(items.size()),
      apart_(links.different),
      panels_(left_, dimension_),
      distances_(static_cast<std::size_t>(panels_.panels() * Panels::kWidth)) {
  for (std::size_t i = 0; i < bulk.size(); ++i) {
    sizes_[i] = bulk[i].size;
    spreads_[i] = bulk[i].spread;
  }
  for (const auto& [bundle, item] : links.same) {
    combine(bundle, item);
    row_of_[static_cast<std::size_t>(item)] = -1;
  }
  group_of_.reserve(static_cast<std::size_t>(left_));
  for (std::int32_t group = 0; group < static_cast<std::int32_t>(items.size()); ++group) {
    std::int32_t& row = row_of_[static_cast<std::size_t>(group)];
    if (row < 0) continue;
    row = static_cast<std::int32_t>(group_of_.size());
    group_of_.push_back(group);
    place(group);
  }
}

std::vector<NearestGroup> Groups::nearest_of_all() const {
  const auto rows = static_cast<std::int64_t>(group_of_.size());
  std::vector<NearestGroup> result(row_of_.size());
  parallel_for((rows + kQueries - 1) / kQueries, [&](std::int64_t block) {
    const std::int64_t begin = block * kQueries;
    const std::int64_t count = std::min(kQueries, rows - begin);
    std::vector<float> queries(static_cast<std::size_t>(count * dimension_));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int32_t group = group_of_[static_cast<std::size_t>(begin + i)];
      if (group >= 0) std::copy_n(means_.data() + group * dimension_, dimension_, queries.data() + i * dimension_);
    }
    scan_panels(panels_, 0, queries.data(), panels_.biases() + begin, count,
                std::vector<float>(static_cast<std::size_t>(count), std::numeric_limits<float>::max()),
                [&](std::int64_t query, std::int64_t row, float distance, float& worst) {
                  const std::int32_t group = group_of_[static_cast<std::size_t>(begin + query)];
                  const std::int32_t other = group_of_[static_cast<std::size_t>(row)];
                  if (group < 0 || other < 0 || other == group || apart_.of(group).contains(other)) return;
                  result[static_cast<std::size_t>(group)].take(other, distance);
                  worst = result[static_cast<std::size_t>(group)].distance;
                });
  });
  return result;
}

void Groups::measure(std::int32_t group) {
  const std::int64_t panels = panels_.panels();
  const float* const query = means_.data() + group * dimension_;
  const float bias = panels_.bias(row_of_[static_cast<std::size_t>(group)]);
  const auto chunk = [&](std::int64_t c) {
    const std::int64_t begin = c * kPanels;
    panels_.distances(query, &bias, 1, begin, std::min(begin + kPanels, panels),
                      distances_.data() + begin * Panels::kWidth, 0);
  };
  const std::int64_t chunks = (panels + kPanels - 1) / kPanels;
  if (chunks < 3) {  // not worth waking other threads
    for (std::int64_t c = 0; c < chunks; ++c) chunk(c);
  } else {
    parallel_for(chunks, chunk);
  }
  for (const std::int32_t other : apart_.of(group)) {
    const std::int32_t row = row_of_[static_cast<std::size_t>(other)];
    if (row >= 0) distances_[static_cast<std::size_t>(row)] = kInfinity;
  }
}

NearestGroup Groups::nearest(std::int32_t group) {
  measure(group);
  distances_[static_cast<std::size_t>(row_of_[static_cast<std::size_t>(group)])] = kInfinity;
  // Removed rows are at infinity. Sixteen minima at a time, which the compiler turns into vector instructions.
  float least[Panels::kWidth];
  std::fill_n(least, Panels::kWidth, kInfinity);
  const std::size_t rows = group_of_.size();
  std::size_t row = 0;
  for (; row + Panels::kWidth <= rows; row += Panels::kWidth) {
    for (std::size_t lane = 0; lane < Panels::kWidth; ++lane) {
      least[lane] = distances_[row + lane] < least[lane] ? distances_[row + lane] : least[lane];
    }
  }
  float best = *std::min_element(least, least + Panels::kWidth);
  for (; row < rows; ++row) best = std::min(best, distances_[row]);
  if (best == kInfinity) return {};
  const auto at = std::find(distances_.begin(), distances_.end(), best) - distances_.begin();
  return {group_of_[static_cast<std::size_t>(at)], best};
}

void Groups::place(std::int32_t group) {
  const auto g = static_cast<std::size_t>(group);
  float* const mean = means_.data() + group * dimension_;
  const std::span<const float> values(mean, static_cast<std::size_t>(dimension_));
  for (std::int64_t k = 0; k < dimension_; ++k) {
    mean[k] = static_cast<float>(exact_[static_cast<std::size_t>(group * dimension_ + k)]);
  }
  const float norm = squared_norms(values, 1, dimension_)[0];
  panels_.set(row_of_[g], mean, spread_ ? static_cast<float>(static_cast<double>(norm) + spreads_[g]) : norm);
}

void Groups::merge(std::int32_t into, std::int32_t from) {
  combine(into, from);
  place(into);
  remove(from);
}

void Groups::combine(std::int32_t into, std::int32_t from) {
  const auto a = static_cast<std::size_t>(into);
  const auto b = static_cast<std::size_t>(from);
  const double share =
      static_cast<double>(sizes_[b]) / (static_cast<double>(sizes_[a]) + static_cast<double>(sizes_[b]));
  double apart = 0;
  for (std::int64_t k = 0; k < dimension_; ++k) {
    double& mean = exact_[static_cast<std::size_t>(into * dimension_ + k)];
    const double difference = exact_[static_cast<std::size_t>(from * dimension_ + k)] - mean;
    apart += difference * difference;
    mean += share * difference;
  }
  spreads_[a] = (1 - share) * spreads_[a] + share * spreads_[b] + share * (1 - share) * apart;
  sizes_[a] += sizes_[b];
  apart_.merge(into, from);
}

void Groups::remove(std::int32_t group) {
  std::int32_t& row = row_of_[static_cast<std::size_t>(group)];
  const std::vector<float> zeros(static_cast<std::size_t>(dimension_));
  panels_.set(row, zeros.data(), kInfinity);
  group_of_[static_cast<std::size_t>(row)] = -1;
  row = -1;
  --left_;
  if (left_ * 2 < static_cast<std::int64_t>(group_of_.size()) && left_ > Panels::kWidth) pack();
}

// New panels without the rows that are gone, so that a search costs what is left.
void Groups::pack() {
  Panels packed(left_, dimension_);
  std::int32_t row = 0;
  for (const std::int32_t group : std::vector<std::int32_t>(group_of_)) {
    if (group < 0) continue;
    std::int32_t& former = row_of_[static_cast<std::size_t>(group)];
    packed.set(row, means_.data() + group * dimension_, panels_.bias(former));
    group_of_[static_cast<std::size_t>(row)] = group;
    former = row++;
  }
  group_of_.resize(static_cast<std::size_t>(left_));
  panels_ = std::move(packed);
}

}  // namespace facenet
