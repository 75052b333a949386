// What a gallery's queries are compared with, in an index that is chosen by how many they are, or by the caller.
#pragma once

#include <memory>

#include "facenet/gallery.hpp"
#include "gallery/index.hpp"

namespace facenet {

/// Rows by their numbers, as Index; a plain structure without locks of its own.
class Entries {
 public:
  explicit Entries(GallerySearch search = GallerySearch::automatic) : search_(search) {}

  GallerySearch asked() const { return search_; }
  std::int64_t size() const { return index_ ? index_->info().size : 0; }
  GallerySearchInfo info() const;

  /// Instead of what was there. InvalidArgument, with all as it was, for hnsw where it is not built in.
  void build(GallerySearch search, std::span<const std::int64_t> ids, const Embeddings& rows,
             const GalleryProgress& progress = {}, const std::stop_token& stop = {});
  void add(std::int64_t id, std::span<const float> row);
  void remove(std::span<const std::int64_t> ids);
  /// Whether another kind of index fits the size now: `build` makes it.
  bool outgrown() const;

  Hits nearest(const Embeddings& queries, std::int64_t k) const;

 private:
  GallerySearch search_;
  std::unique_ptr<Index> index_{};
  std::int64_t built_ = 0;  // the size for which the index was made
};

}  // namespace facenet
