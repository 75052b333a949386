// Training batches made ahead of time by threads of their own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "data/dataset.hpp"
#include "data/identity_sampler.hpp"

namespace facenet {

struct FaceBatch {
  std::int64_t step = 0;
  PixelSize size = 0;
  std::vector<std::uint8_t> pixels;  ///< [N,height,width,3] RGB
  std::vector<std::int32_t> labels;  ///< [N] people
  std::vector<std::size_t> images;   ///< [N] indices into the dataset
  std::size_t count() const { return labels.size(); }
};

/// One batch, made here and now. The loader gives the same bytes.
FaceBatch make_batch(const FaceDataset& dataset, const IdentitySampler& sampler, const Augmentation& augmentation,
                     std::uint64_t seed, std::int64_t step);

struct LoaderOptions {
  std::uint64_t seed = 1;  ///< of the augmentation
  std::int64_t first_step = 0;
  int threads = 1;
  int depth = 3;  ///< batches made ahead, at most
};

/// Makes the batches of steps first_step, first_step + 1, ... in the background. What a batch holds depends on seed and
/// step, never on the threads. Belongs to one consumer thread; dataset and sampler must outlive it.
class PrefetchingLoader {
 public:
  PrefetchingLoader(const FaceDataset& dataset, const IdentitySampler& sampler, const Augmentation& augmentation,
                    const LoaderOptions& options);
  /// Waits for the batches being made, not for those to come.
  ~PrefetchingLoader();
  PrefetchingLoader(const PrefetchingLoader&) = delete;
  PrefetchingLoader& operator=(const PrefetchingLoader&) = delete;

  /// The step of the batch that comes next.
  std::int64_t next_step() const { return next_to_give_; }
  /// The next batch, waiting for it when need be. Throws what making it threw.
  FaceBatch next();

 private:
  struct Result {
    FaceBatch batch;
    std::exception_ptr error;
  };
  void work(const std::stop_token& stop);

  const FaceDataset& dataset_;
  const IdentitySampler& sampler_;
  const Augmentation augmentation_;
  const LoaderOptions options_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable ready_;
  std::map<std::int64_t, Result> results_;
  std::int64_t next_to_make_;
  std::int64_t next_to_give_;
  std::vector<std::jthread> threads_;  // last: they stop before what they use is gone, even where one cannot be made
};

}  // namespace facenet
