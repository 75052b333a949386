// PrefetchingLoader: a bounded window of steps, each made by one thread.
#include "data/loader.hpp"

#include <string>
#include <utility>

#include <facenet/error.hpp>

namespace facenet {

FaceBatch make_batch(const FaceDataset& dataset, const IdentitySampler& sampler, const Augmentation& augmentation,
                     std::uint64_t seed, std::int64_t step) {
  FaceBatch batch;
  batch.step = step;
  batch.size = dataset.options().size;
  batch.images = sampler.batch(step);
  const std::size_t bytes =
      static_cast<std::size_t>(batch.size.width) * static_cast<std::size_t>(batch.size.height) * 3;
  batch.pixels.resize(batch.images.size() * bytes);
  batch.labels.reserve(batch.images.size());
  const std::uint64_t step_seed = mix(mix(seed) ^ static_cast<std::uint64_t>(step));
  for (std::size_t i = 0; i < batch.images.size(); ++i) {
    const AugmentationDraw draw = draw_augmentation(augmentation, batch.size, Random(step_seed, i));
    dataset.render(batch.images[i], draw, batch.pixels.data() + i * bytes);
    batch.labels.push_back(dataset.index().images[batch.images[i]].person);
  }
  return batch;
}

PrefetchingLoader::PrefetchingLoader(const FaceDataset& dataset, const IdentitySampler& sampler,
                                     const Augmentation& augmentation, const LoaderOptions& options)
    : dataset_(dataset),
      sampler_(sampler),
      augmentation_(augmentation),
      options_(options),
      next_to_make_(options.first_step),
      next_to_give_(options.first_step) {
  if (options.threads < 1 || options.threads > 1024 || options.depth < 1 || options.first_step < 0) {
    throw InvalidArgument("PrefetchingLoader: " + std::to_string(options.threads) + " threads, depth " +
                          std::to_string(options.depth) + ", first step " + std::to_string(options.first_step));
  }
  draw_augmentation(augmentation, dataset.options().size, Random(0));  // a wrong setting is said here, not by a thread
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

PrefetchingLoader::~PrefetchingLoader() {
  for (auto& thread : threads_) thread.request_stop();  // all at once; each is then waited for
}

FaceBatch PrefetchingLoader::next() {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return results_.contains(next_to_give_); });
  auto node = results_.extract(next_to_give_++);
  lock.unlock();
  room_.notify_all();
  if (node.mapped().error) std::rethrow_exception(node.mapped().error);
  return std::move(node.mapped().batch);
}

void PrefetchingLoader::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (room_.wait(lock, stop, [&] { return next_to_make_ < next_to_give_ + options_.depth; })) {
    if (stop.stop_requested()) return;
    const std::int64_t step = next_to_make_++;
    lock.unlock();
    Result result;
    try {
      result.batch = make_batch(dataset_, sampler_, augmentation_, options_.seed, step);
    } catch (...) {
      result.error = std::current_exception();
    }
    lock.lock();
    results_.emplace(step, std::move(result));
    ready_.notify_one();
  }
}

}  // namespace facenet
