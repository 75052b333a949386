// What a gallery holds, for the two files of its methods: gallery.cpp reads it, gallery_changes.cpp changes it.
#pragma once

#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "facenet/error.hpp"
#include "facenet/files.hpp"
#include "gallery/enrolled.hpp"
#include "gallery/store.hpp"

namespace facenet {

struct Gallery::Impl {
  // One change at a time. Held while the disk is written, which readers do not wait for.
  mutable std::mutex changing;
  // A writer holds the gate while it waits, so that a stream of readers cannot keep it out for ever.
  mutable std::mutex gate;
  mutable std::shared_mutex mutex;  // of what follows, up to `store`
  std::optional<Verifier> verifier;
  Enrolled enrolled;
  std::unique_ptr<GalleryStore> store;  // of `changing`, as is the rest; none: in memory alone
  std::filesystem::path path;
  GalleryAccess access = GalleryAccess::read_write;
  std::int64_t known = -1;  // the store's changes that memory shows

  std::shared_lock<std::shared_mutex> reading() const {
    const std::lock_guard waiting(gate);
    return std::shared_lock(mutex);
  }
  std::unique_lock<std::shared_mutex> writing() const {
    const std::lock_guard waiting(gate);
    return std::unique_lock(mutex);
  }

  void take(StoredGallery stored) {
    const std::int64_t changes = stored.changes;
    Enrolled fresh(std::move(stored), enrolled.entries().asked());
    {
      const auto lock = writing();
      std::swap(enrolled, fresh);
    }
    known = changes;
  }

  std::size_t person(const std::string& name) const {
    const std::size_t place = enrolled.find(name);
    if (place == enrolled.people().size()) throw InvalidArgument("Gallery: nobody is called '" + printable(name) + "'");
    return place;
  }

  void check_dimension(std::size_t dimension, const std::string& whose) const {
    const auto own = enrolled.model.dimension > 0 ? static_cast<std::size_t>(enrolled.model.dimension)
                     : enrolled.rows().size() > 0 ? enrolled.rows().dimension
                                                  : dimension;
    if (dimension == own) return;
    throw InvalidArgument("Gallery: holds embeddings of dimension " + std::to_string(own) + ", " + whose + " has " +
                          std::to_string(dimension) + "; all must come from the same model");
  }

  void check(const Embeddings& queries, std::int32_t k) const {
    if (k < 1) throw InvalidArgument("Gallery: k is " + std::to_string(k) + "; ask for one candidate or more");
    require_directions(queries, "Gallery, the embeddings to identify");
    if (queries.size() > 0) check_dimension(queries.dimension, "what is asked for");
  }

  // Under a reader's lock.
  Identity identity(const std::vector<Found>& found, float threshold) const {
    Identity result;
    result.distance = std::numeric_limits<float>::infinity();
    for (const Found& one : found) {
      result.candidates.push_back({enrolled.people()[one.person].name, one.distance,
                                   verifier ? verifier->decide(one.distance).probability : std::nullopt});
    }
    if (found.empty()) return result;
    result.distance = result.candidates[0].distance;
    result.probability = result.candidates[0].probability;
    if (result.distance <= threshold) result.name = result.candidates[0].name;
    return result;
  }
};

}  // namespace facenet
