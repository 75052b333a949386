// The faces of a folder, ready to be cut out, aligned and augmented for training.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <facenet/dataset.hpp>

#include "data/augmentation.hpp"
#include "data/csv.hpp"
#include "data/folder_index.hpp"
#include "data/geometry.hpp"

namespace facenet {

struct DatasetOptions {
  PixelSize size = 96;  ///< of what render gives
  std::optional<FaceTemplate> face_template =
      {};                ///< align to this, of that size, by the landmarks; absent: centre crop
  float crop = 1;        ///< the centred part's share, when nothing is aligned
  double context = 0.2;  ///< kept around the crop for augmentation, as a share of its size
  std::uint64_t memory_limit = std::uint64_t{2} << 30U;  ///< bytes of pixels kept; the rest is decoded again each time
  bool skip_bad = false;                                 ///< drop what cannot be used instead of refusing the folder
};

struct BadImage {
  std::string file;
  std::string reason;
};

/// Decodes every image once, keeps the part around each face (at its own resolution, so that alignment and augmentation
/// are one interpolation of the photograph's pixels), and cuts faces out on demand. Immutable after construction: any
/// number of threads may render.
class FaceDataset {
 public:
  /// Uses current_threads() threads. FormatError with the list of images that cannot be read or have no landmarks,
  /// unless skip_bad; Interrupted when stopped.
  FaceDataset(const FolderIndex& index, const LandmarkTable* landmarks, const DatasetOptions& options,
              const DataProgress& progress = {}, const std::stop_token& stop = {});

  /// The images that can be used.
  const FolderIndex& index() const { return index_; }
  /// Of an image that is aligned.
  const std::optional<Landmarks>& landmarks(std::size_t image) const { return landmarks_[image]; }
  /// Those dropped by skip_bad.
  const std::vector<BadImage>& dropped() const { return dropped_; }
  const DatasetOptions& options() const { return options_; }
  std::size_t size() const { return index_.images.size(); }
  std::uint64_t memory() const { return memory_; }

  /// Writes [height,width,3] bytes of one face. IoError or FormatError when a file that is not kept in memory has gone
  /// bad.
  void render(std::size_t image, const AugmentationDraw& draw, std::uint8_t* out) const;
  /// Without augmentation.
  Image face(std::size_t image) const;

 private:
  Region cut(const std::string& file, const Landmarks* landmarks) const;

  DatasetOptions options_;
  FolderIndex index_;
  std::vector<BadImage> dropped_;
  std::vector<std::optional<Landmarks>> landmarks_;
  std::vector<std::optional<Region>> kept_;
  std::uint64_t memory_ = 0;
};

}  // namespace facenet
