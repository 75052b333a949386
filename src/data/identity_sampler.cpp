// IdentitySampler: everything is derived from (seed, step); no state is kept between batches.
#include "data/identity_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <facenet/error.hpp>

#include "base/random.hpp"

namespace facenet {
namespace {

// Streams of random numbers that must differ.
enum : std::uint64_t { kPeopleOrder = 1, kImageOrder = 2, kSinglesOrder = 3 };

std::uint64_t derive(std::uint64_t seed, std::uint64_t stream, std::uint64_t a, std::uint64_t b = 0) {
  return mix(mix(mix(seed ^ mix(stream)) ^ a) ^ b);
}

}  // namespace

IdentitySampler::IdentitySampler(std::span<const std::int32_t> labels, const SamplerOptions& options)
    : options_(options) {
  if (options.people_per_batch < 1 || options.people_per_batch > 1'000'000 || options.images_per_person < 2 ||
      options.images_per_person > 1'000'000 || options.singles < 0 || options.singles > 1'000'000) {
    throw InvalidArgument("a batch needs at least 1 person and 2 images of each; given " +
                          std::to_string(options.people_per_batch) + " people, " +
                          std::to_string(options.images_per_person) + " images, " + std::to_string(options.singles) +
                          " singles");
  }
  std::vector<std::vector<std::size_t>> by_person;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) throw InvalidArgument("a label is negative");
    const auto person = static_cast<std::size_t>(labels[i]);
    if (person > labels.size()) throw InvalidArgument("labels must number people from 0");
    if (person >= by_person.size()) by_person.resize(person + 1);
    by_person[person].push_back(i);
  }
  const auto wanted = static_cast<std::size_t>(options.images_per_person);
  std::size_t available = 0;
  std::size_t in_epoch = 0;
  for (auto& images : by_person) {
    if (images.size() == 1) lone_.push_back(images[0]);
    if (images.size() < 2) continue;
    Person person;
    person.take = std::min(wanted, images.size());
    const double share = std::sqrt(static_cast<double>(images.size()) / static_cast<double>(wanted));
    person.visits = static_cast<std::size_t>(std::max(1L, std::lround(share)));
    available += person.take;
    in_epoch += person.take * person.visits;
    person.images = std::move(images);
    visits_.insert(visits_.end(), person.visits, static_cast<std::uint32_t>(people_.size()));
    people_.push_back(std::move(person));
  }
  if (people_.empty()) {
    throw InvalidArgument("no person has two images or more: there is no anchor with a positive to learn from");
  }
  if (people_.size() + lone_.size() < 2) {
    throw InvalidArgument("there is only one person: no negatives to learn from");
  }
  grouped_ = std::min(static_cast<std::size_t>(options.people_per_batch) * wanted, available);
  singles_ = std::min(static_cast<std::size_t>(options.singles), lone_.size());
  if (people_.size() == 1) singles_ = std::max<std::size_t>(singles_, 1);
  steps_per_epoch_ = static_cast<std::int64_t>(std::max<std::size_t>(1, (in_epoch + grouped_ / 2) / grouped_));
}

std::vector<std::size_t> IdentitySampler::batch(std::int64_t step) const {
  if (step < 0) throw InvalidArgument("IdentitySampler::batch: step " + std::to_string(step) + " is negative");
  const auto epoch = static_cast<std::uint64_t>(step / steps_per_epoch_);
  const auto within = static_cast<std::size_t>(step % steps_per_epoch_);
  std::vector<std::uint32_t> order = visits_;
  Random people_order(derive(options_.seed, kPeopleOrder, epoch));
  people_order.shuffle(std::span(order));

  // Batches of an epoch start evenly spaced in its order; each goes on, around the end, until it is full.
  std::vector<std::size_t> result;
  result.reserve(batch_size());
  std::vector<bool> present(people_.size());
  std::size_t at = within * order.size() / static_cast<std::size_t>(steps_per_epoch_);
  for (; result.size() < grouped_; ++at) {
    const std::size_t position = at % order.size();
    const std::uint32_t index = order[position];
    if (present[index]) continue;
    present[index] = true;
    const Person& person = people_[index];
    const auto earlier = static_cast<std::uint64_t>(
        person.visits == 1 ? 0 : std::count(order.begin(), order.begin() + std::ptrdiff_t(position), index));
    const std::uint64_t visit = epoch * person.visits + earlier;
    const std::uint64_t visits_per_round = person.images.size() / person.take;
    std::vector<std::size_t> images = person.images;
    Random image_order(derive(options_.seed, kImageOrder, index, visit / visits_per_round));
    image_order.shuffle(std::span(images));
    const std::size_t first = static_cast<std::size_t>(visit % visits_per_round) * person.take;
    const std::size_t take = std::min(person.take, grouped_ - result.size());
    result.insert(result.end(), images.begin() + std::ptrdiff_t(first), images.begin() + std::ptrdiff_t(first + take));
  }
  if (singles_ > 0) {
    const std::uint64_t batches_per_round = lone_.size() / singles_;
    std::vector<std::size_t> lone = lone_;
    Random order_of_lone(derive(options_.seed, kSinglesOrder, static_cast<std::uint64_t>(step) / batches_per_round));
    order_of_lone.shuffle(std::span(lone));
    const std::size_t first = static_cast<std::size_t>(static_cast<std::uint64_t>(step) % batches_per_round) * singles_;
    result.insert(result.end(), lone.begin() + std::ptrdiff_t(first), lone.begin() + std::ptrdiff_t(first + singles_));
  }
  return result;
}

}  // namespace facenet
