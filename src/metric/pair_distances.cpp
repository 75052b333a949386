// Pairs as they are given, and all pairs of people's images: two passes over the distances, the second for what is
// kept.
#include "metric/pair_distances.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "facenet/error.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr std::int64_t kMostNear = 1'000'000;
constexpr std::int64_t kMostSame = 4'000'000;
constexpr std::int64_t kBlock = 96;  // rows against all others at a time

std::int64_t accepted(const std::vector<KnownPair>& sorted, float threshold) {
  const auto beyond = std::upper_bound(sorted.begin(), sorted.end(), threshold,
                                       [](float value, const KnownPair& pair) { return value < pair.distance; });
  return beyond - sorted.begin();
}

void require_both(std::int64_t same, std::int64_t different) {
  if (same > 0 && different > 0) return;
  throw InvalidArgument("pairs of known truth: " + std::to_string(same) + " of the same person, " +
                        std::to_string(different) + " of different people; needs some of both");
}

std::int64_t pairs_of(std::int64_t images) { return images * (images - 1) / 2; }

// Walks over all pairs i < j in blocks of rows, on all threads: visit(block, i, j, distance).
class AllPairs {
 public:
  explicit AllPairs(const Embeddings& embeddings)
      : embeddings_(embeddings),
        n_(static_cast<std::int64_t>(embeddings.size())),
        dimension_(static_cast<std::int64_t>(embeddings.dimension)),
        panels_(embeddings.values, n_, dimension_),
        norms_(squared_norms(embeddings.values, n_, dimension_)) {}

  std::int64_t blocks() const { return (n_ + kBlock - 1) / kBlock; }
  /// No distance is larger: (|a| + |b|)^2.
  float highest() const { return 4 * *std::max_element(norms_.begin(), norms_.end()); }

  template <typename Visit>
  void visit(std::int64_t block, const Visit& visit) const {
    const std::int64_t begin = block * kBlock;
    const std::int64_t count = std::min(kBlock, n_ - begin);
    const std::int64_t first = begin / Panels::kWidth;
    const std::int64_t stride = (panels_.panels() - first) * Panels::kWidth;
    std::vector<float> distances(static_cast<std::size_t>(count * stride));
    panels_.distances(embeddings_.values.data() + begin * dimension_, norms_.data() + begin, count, first,
                      panels_.panels(), distances.data(), stride);
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const float* const row = distances.data() + (i - begin) * stride;
      for (std::int64_t j = i + 1; j < n_; ++j) visit(i, j, row[j - first * Panels::kWidth]);
    }
  }

 private:
  const Embeddings& embeddings_;
  std::int64_t n_;
  std::int64_t dimension_;
  Panels panels_;
  std::vector<float> norms_;
};

// Which of a person's same pairs are taken, where not all are: so many drawn without looking at them.
class Quota {
 public:
  explicit Quota(const std::vector<std::int64_t>& images) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    for (const std::int64_t count : images) high = std::max(high, pairs_of(count));
    const auto taken = [&](std::int64_t most) {
      std::int64_t sum = 0;
      for (const std::int64_t count : images) sum += std::min(most, pairs_of(count));
      return sum;
    };
    while (low < high) {  // the largest quota that keeps within the limit
      const std::int64_t middle = low + (high - low + 1) / 2;
      (taken(middle) <= kMostSame ? low : high) = taken(middle) <= kMostSame ? middle : middle - 1;
    }
    share_.reserve(images.size());
    for (const std::int64_t count : images) {
      const auto pairs = static_cast<double>(pairs_of(count));
      share_.push_back(pairs > static_cast<double>(low) ? static_cast<double>(low) / pairs : 1);
    }
  }
  bool takes(std::int32_t person, std::int64_t i, std::int64_t j) const {
    const double share = share_[static_cast<std::size_t>(person)];
    if (share >= 1) return true;
    const std::uint64_t number = mix(mix(static_cast<std::uint64_t>(i)) ^ static_cast<std::uint64_t>(j));
    return static_cast<double>(number >> 11U) * 0x1p-53 < share;
  }

 private:
  std::vector<double> share_;
};

}  // namespace

std::int64_t PairDistances::Data::same_accepted(float threshold) const { return accepted(same, threshold); }

std::int64_t PairDistances::Data::different_accepted(float threshold) const {
  if (covers(threshold)) return accepted(near, threshold);
  double sum = 0;
  for (const CountedDistance& counted : different_counts) {
    if (counted.distance <= threshold) sum += counted.pairs;
  }
  return std::llround(sum);
}

std::vector<CountedDistance> DistanceHistogram::counted() const {
  std::vector<CountedDistance> result;
  for (std::size_t i = 0; i < kBins; ++i) {
    if (counts_[i] == 0) continue;
    result.push_back({middle(i), static_cast<double>(counts_[i]), static_cast<double>(counts_[i])});
  }
  return result;
}

// A person of n photographs has n (n - 1) / 2 pairs, or fewer where not all are there. On average a pair weighs 1.
std::vector<double> person_weights(const std::vector<KnownPair>& same, std::int32_t people) {
  std::vector<double> pairs(static_cast<std::size_t>(people));
  for (const KnownPair& pair : same) ++pairs[static_cast<std::size_t>(pair.a)];
  double photographs = 0;
  for (const double own : pairs) photographs += own > 0 ? (1 + std::sqrt(1 + 8 * own)) / 2 : 0;
  const double scale = static_cast<double>(same.size()) / photographs;
  for (double& own : pairs) own = own > 0 ? scale * (1 + std::sqrt(1 + 8 * own)) / (2 * own) : 0;
  return pairs;
}

std::vector<CountedDistance> count_distances(const std::vector<KnownPair>& sorted, const std::vector<double>& weights) {
  const bool in_steps =
      sorted.size() > DistanceHistogram::kBins && sorted.front().distance >= 0 && sorted.back().distance > 0;
  const DistanceHistogram steps(in_steps ? sorted.back().distance : 1);
  std::vector<CountedDistance> result;
  for (const KnownPair& pair : sorted) {
    const float at = in_steps ? steps.middle(steps.bin(pair.distance)) : pair.distance;
    if (result.empty() || result.back().distance != at) result.push_back({at, 0, 0});
    ++result.back().pairs;
    result.back().weight += weights.empty() ? 1 : weights[static_cast<std::size_t>(pair.a)];
  }
  return result;
}

PairDistances::PairDistances(std::span<const ScoredPair> pairs) {
  auto data = std::make_shared<Data>();
  const auto unknown = std::count_if(pairs.begin(), pairs.end(),
                                     [](const ScoredPair& pair) { return pair.person_a < 0 || pair.person_b < 0; });
  data->people_known = unknown == 0;
  if (unknown > 0 && static_cast<std::size_t>(unknown) != pairs.size()) {
    throw InvalidArgument("pairs of known truth: " + std::to_string(unknown) + " of " + std::to_string(pairs.size()) +
                          " do not say whose they are; all must, or none");
  }
  std::unordered_map<std::int32_t, std::int32_t> numbers;
  const auto number = [&](std::int32_t person) {
    return numbers.try_emplace(person, static_cast<std::int32_t>(numbers.size())).first->second;
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const ScoredPair& pair = pairs[i];
    if (!std::isfinite(pair.distance)) {
      throw InvalidArgument("pairs of known truth: the distance of pair " + std::to_string(i) + " is not finite");
    }
    const auto own = static_cast<std::int32_t>(i);
    const std::int32_t a = data->people_known ? number(pair.person_a) : number(own);
    const std::int32_t b = data->people_known ? number(pair.person_b) : a;
    if (data->people_known && (a == b) != pair.same) {
      throw InvalidArgument("pairs of known truth: pair " + std::to_string(i) + " is said to be " +
                            (pair.same ? "of one person and has two" : "of different people and has one"));
    }
    (pair.same ? data->same : data->near).push_back({pair.distance, a, b});
  }
  data->different = static_cast<std::int64_t>(data->near.size());
  data->people = static_cast<std::int32_t>(numbers.size());
  require_both(static_cast<std::int64_t>(data->same.size()), data->different);
  std::sort(data->same.begin(), data->same.end());
  std::sort(data->near.begin(), data->near.end());
  data->weights = person_weights(data->same, data->people);
  data->same_counts = count_distances(data->same, data->weights);
  data->different_counts = count_distances(data->near);
  data_ = std::move(data);
}

PairDistances PairDistances::of_people(const Embeddings& embeddings, std::span<const std::int32_t> people,
                                       const PairProgress& progress, const std::stop_token& stop) {
  if (people.size() != embeddings.size()) {
    throw InvalidArgument("pairs of people: " + std::to_string(people.size()) + " people's numbers for " +
                          std::to_string(embeddings.size()) + " embeddings; needs one for each");
  }
  require_finite_rows(embeddings.values, embeddings.size(), embeddings.dimension, "pairs of people");
  auto data = std::make_shared<Data>();
  std::unordered_map<std::int32_t, std::int32_t> numbers;
  std::vector<std::int32_t> person;
  std::vector<std::int64_t> images;
  for (const std::int32_t label : people) {
    const auto [found, fresh] = numbers.try_emplace(label, static_cast<std::int32_t>(numbers.size()));
    if (fresh) images.push_back(0);
    ++images[static_cast<std::size_t>(found->second)];
    person.push_back(found->second);
  }
  std::int64_t same = 0;
  for (const std::int64_t count : images) same += pairs_of(count);
  data->different = pairs_of(static_cast<std::int64_t>(people.size())) - same;
  data->people = static_cast<std::int32_t>(images.size());
  data->people_known = true;
  require_both(same, data->different);

  const AllPairs all(embeddings);
  const Quota quota(images);
  const std::int64_t blocks = all.blocks();
  const std::int64_t turn = std::max<std::int64_t>(1, current_threads());
  const std::int64_t part = (blocks + turn - 1) / turn;
  const auto in_parts = [&](double from, const auto& work) {  // each thread a share of the blocks, in steps that report
    for (std::int64_t step = 0; step < part; ++step) {
      if (stop.stop_requested()) throw Interrupted("counting pairs was stopped");
      if (progress) progress(from + 0.5 * static_cast<double>(step) / static_cast<double>(part));
      parallel_for(turn, [&](std::int64_t worker) {
        if (step * turn + worker < blocks) work(worker, step * turn + worker);
      });
    }
  };

  std::vector<DistanceHistogram> histograms(static_cast<std::size_t>(turn), DistanceHistogram(all.highest()));
  std::vector<std::vector<KnownPair>> found(static_cast<std::size_t>(turn));
  const auto of = [&](std::int64_t i) { return person[static_cast<std::size_t>(i)]; };
  in_parts(0, [&](std::int64_t worker, std::int64_t block) {
    auto& histogram = histograms[static_cast<std::size_t>(worker)];
    auto& list = found[static_cast<std::size_t>(worker)];
    all.visit(block, [&](std::int64_t i, std::int64_t j, float distance) {
      if (of(i) != of(j)) {
        histogram.add(distance);
      } else if (quota.takes(of(i), i, j)) {
        list.push_back({distance, of(i), of(i)});
      }
    });
  });
  const auto gather = [&](std::vector<KnownPair>& into) {
    for (auto& list : found) {
      into.insert(into.end(), list.begin(), list.end());
      list.clear();
    }
    std::sort(into.begin(), into.end());
  };
  gather(data->same);
  for (std::size_t i = 1; i < histograms.size(); ++i) histograms[0].add(histograms[i]);
  const DistanceHistogram& histogram = histograms[0];
  std::size_t bins = 0;
  for (std::int64_t sum = 0; bins < DistanceHistogram::kBins; ++bins) {
    sum += histogram.counts()[bins];
    if (sum > kMostNear) break;
  }
  in_parts(0.5, [&](std::int64_t worker, std::int64_t block) {
    auto& list = found[static_cast<std::size_t>(worker)];
    all.visit(block, [&](std::int64_t i, std::int64_t j, float distance) {
      if (of(i) != of(j) && histogram.bin(distance) < bins) list.push_back({distance, of(i), of(j)});
    });
  });
  gather(data->near);
  if (static_cast<std::int64_t>(data->near.size()) < data->different) data->images = std::move(images);
  data->weights = person_weights(data->same, data->people);
  data->same_counts = count_distances(data->same, data->weights);
  data->different_counts = data->complete() ? count_distances(data->near) : histogram.counted();
  if (progress) progress(1);
  return PairDistances(std::shared_ptr<const Data>(std::move(data)));
}

std::int64_t PairDistances::same() const { return static_cast<std::int64_t>(data_->same.size()); }
std::int64_t PairDistances::different() const { return data_->different; }
std::int64_t PairDistances::people() const { return data_->people_known ? data_->people : 0; }

}  // namespace facenet
