// Every row is looked at, in float32.
#include "gallery/exact_index.hpp"

#include "facenet/error.hpp"
#include "metric/scan.hpp"

namespace facenet {

void ExactIndex::insert(std::span<const std::int64_t> ids, const Embeddings& rows, const std::stop_token& stop) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % 4096 == 0 && stop.stop_requested()) throw Interrupted("adding to the index was stopped");
    rows_.append(ids[i], rows[i].data());
    places_[ids[i]] = rows_.size() - 1;
  }
}

void ExactIndex::erase(std::int64_t id) {
  const std::int64_t row = places_.at(id);
  rows_.remove(row);
  places_.erase(id);
  if (row < rows_.size()) places_[rows_.id(row)] = row;  // the last row took its place
}

Hits ExactIndex::nearest(const Embeddings& queries, std::int64_t k, const std::stop_token& stop) const {
  std::vector<float> own(queries.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = scan_norm(queries[i].data(), dimension());
  return rows_.nearest(queries.values.data(), own.data(), static_cast<std::int64_t>(own.size()), k, stop);
}

}  // namespace facenet
