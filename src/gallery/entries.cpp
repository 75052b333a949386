// The index of a gallery.
#include "gallery/entries.hpp"

namespace facenet {
namespace {

// Bounds of codes come from the rows themselves: from enough of them, and again when they have become many more.
constexpr std::int64_t kLeastForCodes = 256;
constexpr std::int64_t kCodesGrowth = 8;

IndexKind kind_for(GallerySearch search, std::int64_t size) {
  switch (search) {
    case GallerySearch::exact:
      return IndexKind::exact;
    case GallerySearch::codes:
      return size >= kLeastForCodes ? IndexKind::codes : IndexKind::exact;
    case GallerySearch::hnsw:
      return IndexKind::hnsw;
    case GallerySearch::automatic:
      break;
  }
  return index_kind_for(size);
}

GallerySearch search_of(IndexKind kind) {
  return kind == IndexKind::hnsw    ? GallerySearch::hnsw
         : kind == IndexKind::codes ? GallerySearch::codes
                                    : GallerySearch::exact;
}

}  // namespace

GallerySearchInfo Entries::info() const {
  GallerySearchInfo result;
  result.forced = search_ != GallerySearch::automatic;
  if (!index_) {
    result.search = search_of(kind_for(search_, 0));
    return result;
  }
  const IndexInfo info = index_->info();
  result.search = search_of(info.kind);
  result.entries = info.size;
  result.bytes = info.bytes;
  result.recall = info.recall;
  return result;
}

void Entries::build(GallerySearch search, std::span<const std::int64_t> ids, const Embeddings& rows,
                    const GalleryProgress& progress, const std::stop_token& stop) {
  const auto size = static_cast<std::int64_t>(ids.size());
  std::unique_ptr<Index> index;
  if (search == GallerySearch::hnsw) make_index(IndexKind::hnsw, 1);  // refused where it is not built in
  if (size > 0) index = build_index(kind_for(search, size), rows, ids, progress, stop);
  index_ = std::move(index);
  search_ = search;
  built_ = size;
}

void Entries::add(std::int64_t id, std::span<const float> row) {
  if (!index_) index_ = make_index(kind_for(search_, 0), static_cast<std::int64_t>(row.size()));
  index_->add(std::span(&id, 1), {row.size(), {row.begin(), row.end()}});
}

void Entries::remove(std::span<const std::int64_t> ids) {
  if (!index_) return;
  index_->remove(ids);
  if (index_->info().size == 0) index_.reset();  // the next may have another dimension
}

bool Entries::outgrown() const {
  if (!index_) return false;
  const IndexInfo info = index_->info();
  if (info.kind != kind_for(search_, info.size)) {
    return search_ != GallerySearch::automatic || info.kind != IndexKind::hnsw;  // a graph that shrinks is kept
  }
  return info.kind == IndexKind::codes && info.size > kCodesGrowth * built_;
}

Hits Entries::nearest(const Embeddings& queries, std::int64_t k) const {
  if (!index_) return Hits(queries.size());
  return index_->search(queries, k);
}

}  // namespace facenet
