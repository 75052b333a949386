// Where a gallery is kept: people, images with embeddings, and what was found out about them, changed in transactions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facenet/gallery.hpp"

namespace facenet {

struct StoredPerson {
  std::int64_t id = 0;
  std::string name;
  std::string metadata;
};

struct StoredImage {
  std::int64_t id = 0;
  std::int64_t person = 0;
  EnrolledImage about;  ///< its id and person are left empty
};

/// All of a gallery at one moment.
struct StoredGallery {
  GalleryModel model;
  PersonRanking ranking = PersonRanking::nearest;
  std::optional<OpenSetCalibration> calibration;
  std::vector<StoredPerson> people;  ///< by id
  std::vector<StoredImage> images;   ///< by id
  Embeddings rows;                   ///< of the images
  std::int64_t changes = 0;          ///< transactions since the gallery was made
};

/// Belongs to one thread at a time. Between `begin` and `commit` nobody else changes the gallery; without `commit`,
/// nothing has happened. Errors as Gallery says.
class GalleryStore {
 public:
  virtual ~GalleryStore() = default;

  virtual StoredGallery load() = 0;
  /// Transactions since the gallery was made, those of other processes included.
  virtual std::int64_t changes() = 0;

  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  virtual void add_person(const StoredPerson& person) = 0;
  virtual void add_image(const StoredImage& image, std::span<const float> embedding) = 0;
  virtual void update_person(const StoredPerson& person) = 0;
  /// Without their images, which must have gone before.
  virtual void remove_person(std::int64_t id) = 0;
  virtual void remove_image(std::int64_t id) = 0;
  virtual void move_images(std::int64_t from, std::int64_t to) = 0;
  virtual void set_embedding(std::int64_t image, std::span<const float> embedding) = 0;
  virtual void set_model(const GalleryModel& model) = 0;
  virtual void set_ranking(PersonRanking ranking) = 0;
  virtual void set_calibration(const std::optional<OpenSetCalibration>& calibration) = 0;

  /// After a commit; when it removed something, nothing of that is left anywhere when this returns.
  virtual void scrub() = 0;
  /// What is wrong with the file, after reading all of it.
  virtual std::vector<std::string> faults() = 0;
};

/// A file of SQLite; both are InvalidArgument where the library was built without it.
std::unique_ptr<GalleryStore> create_store(const std::filesystem::path& path, const GalleryModel& model);
std::unique_ptr<GalleryStore> open_store(const std::filesystem::path& path, GalleryAccess access);

}  // namespace facenet
