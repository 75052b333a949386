// The people of a gallery in memory: rows in panels that grow by doubling, templates, votes, and exact search.
#include "gallery/enrolled.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/threads.hpp"
#include "facenet/error.hpp"

namespace facenet {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();
// Chosen among 1/d, 1/d^2 and exp(-4 d), and 3, 5 and 10 neighbours, on LFW's folds 1 to 4.
constexpr std::size_t kVoters = 5;
constexpr float kVoteDecay = 4;
// See PersonRanking::mean.
constexpr std::size_t kOutlierImages = 4;
constexpr float kOutlierFactor = 3;
constexpr float kOutlierFloor = 0.5F;

std::vector<float> unit_mean(const Embeddings& rows, std::span<const std::size_t> which) {
  std::vector<double> sum(rows.dimension);
  for (const std::size_t row : which) {
    double norm = 0;
    for (const float value : rows[row]) norm += static_cast<double>(value) * static_cast<double>(value);
    norm = std::sqrt(norm);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(rows[row][i]) / norm;
  }
  const double norm = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
  std::vector<float> mean(sum.size());
  // Opposite images have no mean: any of them is as good.
  if (norm < 1e-6) return {rows[which[0]].begin(), rows[which[0]].end()};
  for (std::size_t i = 0; i < sum.size(); ++i) mean[i] = static_cast<float>(sum[i] / norm);
  return mean;
}

}  // namespace

bool is_direction(std::span<const float> row) {
  double norm = 0;
  for (const float value : row) norm += static_cast<double>(value) * static_cast<double>(value);
  return norm > 0 && norm < 1e30;  // false for NaN too
}

void require_directions(const Embeddings& rows, const char* what) {
  require_finite_rows(rows.values, rows.size(), rows.dimension, what);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!is_direction(rows[i])) {
      throw InvalidArgument(std::string(what) + ": row " + std::to_string(i) +
                            " is all zeros or too long: that is no embedding of a face");
    }
  }
}

Enrolled::Enrolled(StoredGallery stored)
    : model(std::move(stored.model)), calibration(std::move(stored.calibration)), ranking_(stored.ranking) {
  for (auto& person : stored.people) add_person(std::move(person));
  std::map<std::int64_t, std::size_t> places;
  for (std::size_t p = 0; p < people_.size(); ++p) places.emplace(people_[p].id, p);
  rows_ = std::move(stored.rows);
  for (auto& image : stored.images) {
    const auto person = places.find(image.person);
    if (person == places.end()) {
      throw FormatError("the gallery is damaged: image " + std::to_string(image.id) + " has no person");
    }
    people_[person->second].rows.push_back(images_.size());
    next_image_ = std::max(next_image_, image.id + 1);
    images_.push_back({image.id, person->second, std::move(image.about)});
  }
  index();
}

std::size_t Enrolled::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? people_.size() : found->second;
}

std::int64_t Enrolled::comparisons() const { return static_cast<std::int64_t>(entries_); }

void Enrolled::add_person(StoredPerson person) {
  next_person_ = std::max(next_person_, person.id + 1);
  names_.emplace(person.name, people_.size());
  people_.push_back({person.id, std::move(person.name), std::move(person.metadata), {}});
}

void Enrolled::add_image(OneImage image, std::span<const float> embedding) {
  const std::size_t place = image.person;
  if (rows_.size() == 0) rows_.dimension = embedding.size();
  next_image_ = std::max(next_image_, image.id + 1);
  people_[place].rows.push_back(images_.size());
  images_.push_back(std::move(image));
  rows_.append(embedding);
  if (ranking_ == PersonRanking::mean) {
    set_entry(place, template_of(people_[place].rows));
  } else {
    set_entry(images_.size() - 1, embedding);
  }
}

void Enrolled::rename(std::size_t person, const std::string& name) {
  names_.erase(people_[person].name);
  names_.emplace(name, person);
  people_[person].name = name;
}

void Enrolled::set_ranking(PersonRanking ranking) {
  ranking_ = ranking;
  index();
}

void Enrolled::remove(const std::vector<bool>& gone) {
  Embeddings rows{rows_.dimension, {}};
  std::vector<OneImage> images;
  std::vector<OnePerson> people;
  std::vector<std::size_t> places(people_.size());
  for (std::size_t p = 0; p < people_.size(); ++p) {
    const auto& own = people_[p].rows;
    if (std::all_of(own.begin(), own.end(), [&](std::size_t row) { return gone[row]; })) continue;
    places[p] = people.size();
    people.push_back({people_[p].id, std::move(people_[p].name), std::move(people_[p].metadata), {}});
  }
  for (std::size_t i = 0; i < images_.size(); ++i) {
    if (gone[i]) continue;
    images_[i].person = places[images_[i].person];
    people[images_[i].person].rows.push_back(images.size());
    images.push_back(std::move(images_[i]));
    rows.append(rows_[i]);
  }
  people_ = std::move(people);
  images_ = std::move(images);
  rows_ = std::move(rows);
  names_.clear();
  for (std::size_t p = 0; p < people_.size(); ++p) names_.emplace(people_[p].name, p);
  index();
}

void Enrolled::merge(std::size_t from, std::size_t into) {
  for (const std::size_t row : people_[from].rows) {
    images_[row].person = into;
    people_[into].rows.push_back(row);
  }
  people_[from].rows.clear();
  std::sort(people_[into].rows.begin(), people_[into].rows.end());
  remove(std::vector<bool>(images_.size()));
}

void Enrolled::migrate(const GalleryModel& to, Embeddings rows) {
  model = to;
  calibration.reset();
  rows_ = std::move(rows);
  index();
}

std::size_t Enrolled::person_of(std::size_t entry) const {
  return ranking_ == PersonRanking::mean ? entry : images_[entry].person;
}

std::vector<float> Enrolled::template_of(std::span<const std::size_t> rows) const {
  const std::vector<float> mean = unit_mean(rows_, rows);
  if (rows.size() < kOutlierImages) return mean;
  std::vector<float> distances;
  for (const std::size_t row : rows) distances.push_back(squared_distance(rows_[row], mean));
  std::vector<float> sorted = distances;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const float limit = std::max(kOutlierFactor * *middle, kOutlierFloor);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (distances[i] <= limit) kept.push_back(rows[i]);
  }
  return kept.size() == rows.size() ? mean : unit_mean(rows_, kept);
}

void Enrolled::index() {
  entries_ = 0;
  panels_ = Panels(0, 0);
  if (ranking_ != PersonRanking::mean) {
    if (rows_.size() > 0) {
      panels_ =
          Panels(rows_.values, static_cast<std::int64_t>(rows_.size()), static_cast<std::int64_t>(rows_.dimension));
    }
    entries_ = rows_.size();
    return;
  }
  for (std::size_t p = 0; p < people_.size(); ++p) set_entry(p, template_of(people_[p].rows));
}

void Enrolled::set_entry(std::size_t entry, std::span<const float> values) {
  const auto dimension = static_cast<std::int64_t>(values.size());
  if (static_cast<std::int64_t>(entry) >= panels_.size() || panels_.dimension() != dimension) {
    Panels larger(static_cast<std::int64_t>(std::max<std::size_t>(64, 2 * entry)), dimension);
    for (std::size_t i = 0; i < std::min(entry, entries_); ++i) {
      const std::vector<float> own = ranking_ == PersonRanking::mean
                                         ? template_of(people_[i].rows)
                                         : std::vector<float>(rows_[i].begin(), rows_[i].end());
      larger.set(static_cast<std::int64_t>(i), own.data(), squared_norms(own, 1, dimension)[0]);
    }
    panels_ = std::move(larger);
  }
  panels_.set(static_cast<std::int64_t>(entry), values.data(), squared_norms(values, 1, dimension)[0]);
  entries_ = std::max(entries_, entry + 1);
}

template <typename Work>
void Enrolled::for_each_row(const Embeddings& queries, const Work& work) const {
  const auto n = static_cast<std::int64_t>(queries.size());
  const auto dimension = static_cast<std::int64_t>(queries.dimension);
  const std::vector<float> norms = squared_norms(queries.values, n, dimension);
  const std::int64_t used = (comparisons() + Panels::kWidth - 1) / Panels::kWidth;
  constexpr std::int64_t kBlock = 12;
  parallel_for((n + kBlock - 1) / kBlock, [&](std::int64_t block) {
    const std::int64_t begin = block * kBlock;
    const std::int64_t count = std::min(kBlock, n - begin);
    const std::int64_t stride = used * Panels::kWidth;
    std::vector<float> distances(static_cast<std::size_t>(count * stride));
    panels_.distances(queries.values.data() + begin * dimension, norms.data() + begin, count, 0, used, distances.data(),
                      stride);
    for (std::int64_t i = 0; i < count; ++i) {
      work(static_cast<std::size_t>(begin + i), distances.data() + i * stride);
    }
  });
}

// Entries at an infinite distance are not there.
std::vector<Found> Enrolled::best(const float* distances, std::int32_t k) const {
  std::vector<float> least(people_.size(), kInfinite);
  for (std::size_t entry = 0; entry < entries_; ++entry) {
    float& own = least[person_of(entry)];
    own = std::min(own, distances[entry]);
  }
  std::vector<float> votes(ranking_ == PersonRanking::vote ? people_.size() : 0);
  if (!votes.empty()) {
    std::vector<std::size_t> order(entries_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto voters = order.begin() + static_cast<std::ptrdiff_t>(std::min(kVoters, entries_));
    std::partial_sort(order.begin(), voters, order.end(), [&](std::size_t a, std::size_t b) {
      return distances[a] != distances[b] ? distances[a] < distances[b] : a < b;
    });
    // An image that is not there has no vote: exp(-infinity) is 0.
    for (auto voter = order.begin(); voter != voters; ++voter) {
      votes[person_of(*voter)] += std::exp(-kVoteDecay * distances[*voter]);
    }
  }
  std::vector<std::size_t> order;
  for (std::size_t p = 0; p < people_.size(); ++p) {
    if (std::isfinite(least[p])) order.push_back(p);
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(order.size(), static_cast<std::size_t>(k)));
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](std::size_t a, std::size_t b) {
    if (!votes.empty() && votes[a] != votes[b]) return votes[a] > votes[b];
    return least[a] != least[b] ? least[a] < least[b] : people_[a].name < people_[b].name;
  });
  std::vector<Found> result;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::size_t person = order[static_cast<std::size_t>(i)];
    result.push_back({person, least[person]});
  }
  return result;
}

std::vector<std::vector<Found>> Enrolled::search(const Embeddings& queries, std::int32_t k) const {
  std::vector<std::vector<Found>> results(queries.size());
  if (entries_ == 0) return results;
  for_each_row(queries, [&](std::size_t i, const float* distances) { results[i] = best(distances, k); });
  return results;
}

std::vector<LeftOut> Enrolled::leave_out(std::span<const std::size_t> images) const {
  Embeddings queries{rows_.dimension, {}};
  for (const std::size_t image : images) queries.append(rows_[image]);
  std::vector<LeftOut> results(images.size(), {kInfinite, kInfinite});
  for_each_row(queries, [&](std::size_t i, float* distances) {
    const std::size_t person = images_[images[i]].person;
    const auto& rows = people_[person].rows;
    std::vector<std::size_t> others;
    for (const std::size_t row : rows) {
      if (row != images[i]) others.push_back(row);
    }
    if (ranking_ == PersonRanking::mean) {
      distances[person] = others.empty() ? kInfinite : squared_distance(queries[i], template_of(others));
    } else {
      distances[images[i]] = kInfinite;
    }
    const auto all = best(distances, 1);
    if (!all.empty() && all[0].person == person) results[i].recognised = all[0].distance;
    if (ranking_ == PersonRanking::mean) {
      distances[person] = kInfinite;
    } else {
      for (const std::size_t row : rows) distances[row] = kInfinite;
    }
    const auto strangers = best(distances, 1);
    if (!strangers.empty()) results[i].stranger = strangers[0].distance;
  });
  return results;
}

}  // namespace facenet
