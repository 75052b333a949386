// The people of a gallery in memory, and search among them.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "gallery/entries.hpp"
#include "gallery/store.hpp"

namespace facenet {

/// Whether an embedding points anywhere: finite, not all zeros, and short enough for distances to be finite.
bool is_direction(std::span<const float> row);

/// InvalidArgument, beginning with `what`, when a row is no direction.
void require_directions(const Embeddings& rows, const char* what);

/// One of the people found, by their place in `Enrolled::people`.
struct Found {
  std::size_t person = 0;
  float distance = 0;
};

/// What an enrolled image finds as a probe.
struct LeftOut {
  float stranger = 0;    ///< distance of the best person, were its own not enrolled; infinite when there is nobody else
  float recognised = 0;  ///< that of its own person, who is the best; infinite when another is, or it is the only image
};

/// A plain structure without locks: its owner sees to it that nobody reads what is being changed.
class Enrolled {
 public:
  struct OnePerson {
    std::int64_t id = 0;
    std::string name;
    std::string metadata;
    std::vector<std::size_t> rows;
  };
  struct OneImage {
    std::int64_t id = 0;
    std::size_t person = 0;
    EnrolledImage about;  ///< its id and person are left empty
  };

  GalleryModel model;
  std::optional<OpenSetCalibration> calibration;

  Enrolled() = default;
  explicit Enrolled(StoredGallery stored, GallerySearch search = GallerySearch::automatic);

  const std::vector<OnePerson>& people() const { return people_; }
  const std::vector<OneImage>& images() const { return images_; }
  const Embeddings& rows() const { return rows_; }
  PersonRanking ranking() const { return ranking_; }
  /// Where the person is; people().size() for a stranger.
  std::size_t find(const std::string& name) const;
  const std::map<std::string, std::size_t>& names() const { return names_; }
  std::int64_t next_person_id() const { return next_person_; }
  std::int64_t next_image_id() const { return next_image_; }
  /// How many distances a search computes.
  std::int64_t comparisons() const;

  void add_person(StoredPerson person);
  void add_image(OneImage image, std::span<const float> embedding);
  void rename(std::size_t person, const std::string& name);
  void set_metadata(std::size_t person, const std::string& metadata) { people_[person].metadata = metadata; }
  void set_ranking(PersonRanking ranking);
  /// The index that `set_search` would have, to be made while others search, and to be taken by `set_entries`.
  Entries entries_for(GallerySearch search, const GalleryProgress& progress, const std::stop_token& stop) const;
  void set_entries(Entries entries) { entries_ = std::move(entries); }
  const Entries& entries() const { return entries_; }
  /// Without the images for which `gone`, and without the people who then have none.
  void remove(const std::vector<bool>& gone);
  void merge(std::size_t from, std::size_t into);
  void migrate(const GalleryModel& to, Embeddings rows);

  /// The k best people for each query, the best first.
  std::vector<std::vector<Found>> search(const Embeddings& queries, std::int32_t k) const;
  /// What each of these images (places in `images`) finds when it is a probe and not enrolled itself.
  std::vector<LeftOut> leave_out(std::span<const std::size_t> images) const;

 private:
  void index();
  void place_people();
  std::size_t person_of(std::int64_t entry) const;
  std::vector<float> template_of(std::span<const std::size_t> rows) const;
  void renew_template(std::size_t person);
  std::vector<Found> ranked(std::span<const Hit> hits, std::int32_t k) const;
  bool settled(std::span<const Hit> hits, std::int64_t asked, std::span<const Found> found, std::int32_t k) const;

  std::vector<OnePerson> people_;
  std::vector<OneImage> images_;
  Embeddings rows_;
  std::map<std::string, std::size_t> names_;
  PersonRanking ranking_ = PersonRanking::nearest;
  std::int64_t next_person_ = 1;
  std::int64_t next_image_ = 1;
  // What a query is compared with: the images, or the people's templates, by their ids.
  Entries entries_;
  std::unordered_map<std::int64_t, std::size_t> places_;  // the person of each entry
};

}  // namespace facenet
