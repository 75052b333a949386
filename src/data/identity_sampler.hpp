// Which images make a training batch: several of each of several people, as triplets need (paper, section 3.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace facenet {

struct SamplerOptions {
  int people_per_batch = 45;
  int images_per_person = 40;
  int singles = 0;  ///< faces of people who have just one image: negatives for everybody
  std::uint64_t seed = 1;
};

/// A batch is a function of the seed and the step alone, so that training resumes from a step's number.
///
/// People with two images or more are visited in an order that is new in each epoch. A person with n images is visited
/// round(sqrt(n / images_per_person)) times an epoch, at least once: those with many images are seen more often, but do
/// not drown the rest. A visit gives `images_per_person` images, or all when there are fewer; more people then fill the
/// batch, whose size is always the same. A person's images come in a shuffled order and repeat only once all (but a
/// rest smaller than a visit) have been seen. Immutable; any number of threads may call it.
class IdentitySampler {
 public:
  /// `labels`: the person of each image, from 0. InvalidArgument when no person has two images, there is one person
  /// only, or an option is out of range.
  IdentitySampler(std::span<const std::int32_t> labels, const SamplerOptions& options);

  /// Indices of the images of a step (0, 1, ...): images of one person together, singles last. O(people).
  std::vector<std::size_t> batch(std::int64_t step) const;

  /// people_per_batch * images_per_person + singles, less where there are not so many images.
  std::size_t batch_size() const { return grouped_ + singles_; }
  std::size_t singles() const { return singles_; }
  /// Steps in which every person with two images or more is visited.
  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// People with two images or more.
  std::size_t people() const { return people_.size(); }

 private:
  struct Person {
    std::vector<std::size_t> images;
    std::size_t take = 0;    // images a visit gives
    std::size_t visits = 0;  // in an epoch
  };
  SamplerOptions options_;
  std::vector<Person> people_;
  std::vector<std::size_t> lone_;      // images of people with one image
  std::vector<std::uint32_t> visits_;  // one entry for each visit of an epoch: an index into people_
  std::size_t grouped_ = 0;
  std::size_t singles_ = 0;
  std::int64_t steps_per_epoch_ = 1;
};

}  // namespace facenet
