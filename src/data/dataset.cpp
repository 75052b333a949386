// FaceDataset: loading with a bound on memory, rendering.
#include "data/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <facenet/error.hpp>

#include "base/files.hpp"
#include "base/threads.hpp"

namespace facenet {
namespace {

std::string describe(const std::vector<BadImage>& bad, std::size_t total) {
  std::string text = std::to_string(bad.size()) + " of " + std::to_string(total) + " images cannot be used:";
  const std::size_t shown = std::min<std::size_t>(bad.size(), 20);
  for (std::size_t i = 0; i < shown; ++i) text += "\n  " + printable(bad[i].file) + ": " + bad[i].reason;
  if (shown < bad.size()) text += "\n  ... and " + std::to_string(bad.size() - shown) + " more";
  return text + "\nMend or remove them, or have them skipped (--skip-bad).";
}

}  // namespace

FaceDataset::FaceDataset(const FolderIndex& index, const LandmarkTable* landmarks, const DatasetOptions& options,
                         const DataProgress& progress, const std::stop_token& stop)
    : options_(options), index_(index) {
  if (options.face_template &&
      (options.face_template->width != options.size.width || options.face_template->height != options.size.height)) {
    throw InvalidArgument("the face template is for another size than the dataset's " +
                          std::to_string(options.size.width) + "x" + std::to_string(options.size.height));
  }
  if (options.face_template && landmarks == nullptr) {
    throw InvalidArgument("faces cannot be aligned without landmarks: give a landmarks file, or crop the centre");
  }
  const std::size_t count = index.images.size();
  landmarks_.resize(count);
  kept_.resize(count);
  std::vector<std::string> reasons(count);
  std::vector<bool> keep(count, true);
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t at) {
    const auto i = static_cast<std::size_t>(at);
    if (stop.stop_requested()) throw Interrupted("stopped while reading the images");
    std::optional<Region> region;
    try {
      if (options_.face_template) {
        const auto found = landmarks->find(index.images[i].file);
        if (found == landmarks->end()) throw FormatError("it has no row in the landmarks file");
        landmarks_[i] = found->second;
      }
      region = cut(index.images[i].file, landmarks_[i] ? &*landmarks_[i] : nullptr);
    } catch (const Error& error) {
      reasons[i] = error.what();
    }
    const std::lock_guard lock(mutex);
    // What is kept depends on the order of threads; what is rendered does not.
    if (region && memory_ + region->image.pixels().size() <= options_.memory_limit) {
      memory_ += region->image.pixels().size();
      kept_[i] = std::move(region);
    }
    if (progress) progress(++done, count);
  });
  for (std::size_t i = 0; i < count; ++i) {
    if (reasons[i].empty()) continue;
    keep[i] = false;
    dropped_.push_back({index.images[i].file, reasons[i]});
  }
  if (dropped_.empty()) return;
  if (!options_.skip_bad) throw FormatError(describe(dropped_, count));
  if (dropped_.size() == count) throw FormatError(describe(dropped_, count) + " Nothing is left.");
  index_ = index.filtered(keep);
  std::size_t to = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!keep[i]) continue;
    if (to != i) {
      landmarks_[to] = landmarks_[i];
      kept_[to] = std::move(kept_[i]);
    }
    ++to;
  }
  landmarks_.resize(to);
  kept_.resize(to);
}

Region FaceDataset::cut(const std::string& file, const Landmarks* landmarks) const {
  const Image image = Image::open(index_.root / file);
  const Affine map = landmarks != nullptr
                         ? alignment(*landmarks, *options_.face_template)
                         : centre_crop_map({image.width(), image.height()}, options_.crop, options_.size);
  return cut_region(image, map, options_.size.width, options_.size.height, options_.context);
}

void FaceDataset::render(std::size_t image, const AugmentationDraw& draw, std::uint8_t* out) const {
  const auto [width, height] = options_.size;
  std::optional<Region> fresh;
  if (!kept_.at(image)) fresh = cut(index_.images[image].file, landmarks_[image] ? &*landmarks_[image] : nullptr);
  const Region& region = fresh ? *fresh : *kept_[image];
  const Affine map = region.to_output.then(draw.map);
  if (draw.low_resolution < 1) {
    const auto fewer = [&](int pixels) {
      return std::max(8, static_cast<int>(std::lround(draw.low_resolution * pixels)));
    };
    Image coarse(fewer(width), fewer(height));
    const double x = double(coarse.width()) / width;
    const double y = double(coarse.height()) / height;
    warp_bilinear(region.image, map.then({x, 0, x / 2 - 0.5, 0, y, y / 2 - 0.5}), coarse.width(), coarse.height(),
                  coarse.data());
    const Image enlarged = coarse.resized(width, height);
    std::copy(enlarged.pixels().begin(), enlarged.pixels().end(), out);
  } else {
    warp_bilinear(region.image, map, width, height, out);
  }
  apply_colour_and_erase(draw, options_.size, out);
  if (draw.degradation.pixels > 0) {
    const auto bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
    const Image worse = degraded(Image::from_rgb({out, bytes}, width, height), draw.degradation);
    std::copy(worse.pixels().begin(), worse.pixels().end(), out);
  }
}

Image FaceDataset::face(std::size_t image) const {
  Image result(options_.size.width, options_.size.height);
  render(image, AugmentationDraw{}, result.data());
  return result;
}

}  // namespace facenet
