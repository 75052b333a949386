// The people of a gallery in memory: templates, votes, and the best people among what an index finds.
#include "gallery/enrolled.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "facenet/error.hpp"
#include "facenet/template.hpp"
#include "metric/panels.hpp"

namespace facenet {
namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();
// Chosen among 1/d, 1/d^2 and exp(-4 d), and 3, 5 and 10 neighbours, on LFW's folds 1 to 4.
constexpr std::size_t kVoters = 5;
constexpr float kVoteDecay = 4;
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

Enrolled::Enrolled(StoredGallery stored, GallerySearch search)
    : model(std::move(stored.model)),
      calibration(std::move(stored.calibration)),
      ranking_(stored.ranking),
      entries_(search) {
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

std::int64_t Enrolled::comparisons() const { return entries_.size(); }

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
    renew_template(place);
  } else {
    entries_.add(images_.back().id, embedding);
    places_[images_.back().id] = place;
  }
  if (entries_.outgrown()) index();
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
  std::vector<std::int64_t> entries;      // that go
  std::vector<std::size_t> fewer_images;  // people who stay, by their new places
  for (std::size_t p = 0; p < people_.size(); ++p) {
    const auto& own = people_[p].rows;
    const auto count =
        static_cast<std::size_t>(std::count_if(own.begin(), own.end(), [&](std::size_t row) { return gone[row]; }));
    if (count == own.size()) {
      if (ranking_ == PersonRanking::mean) entries.push_back(people_[p].id);
      continue;
    }
    if (count > 0) fewer_images.push_back(people.size());
    places[p] = people.size();
    people.push_back({people_[p].id, std::move(people_[p].name), std::move(people_[p].metadata), {}});
  }
  for (std::size_t i = 0; i < images_.size(); ++i) {
    if (gone[i]) {
      if (ranking_ != PersonRanking::mean) entries.push_back(images_[i].id);
      continue;
    }
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
  entries_.remove(entries);
  place_people();
  if (ranking_ == PersonRanking::mean) {
    for (const std::size_t person : fewer_images) renew_template(person);
  }
  if (entries_.outgrown()) index();
}

void Enrolled::merge(std::size_t from, std::size_t into) {
  for (const std::size_t row : people_[from].rows) {
    images_[row].person = into;
    people_[into].rows.push_back(row);
  }
  people_[from].rows.clear();
  std::sort(people_[into].rows.begin(), people_[into].rows.end());
  const std::string name = people_[into].name;
  remove(std::vector<bool>(images_.size()));  // the person without images
  if (ranking_ == PersonRanking::mean) renew_template(find(name));
}

void Enrolled::migrate(const GalleryModel& to, Embeddings rows) {
  model = to;
  calibration.reset();
  rows_ = std::move(rows);
  index();
}

std::size_t Enrolled::person_of(std::int64_t entry) const { return places_.at(entry); }

std::vector<float> Enrolled::template_of(std::span<const std::size_t> rows) const {
  Embeddings images{rows_.dimension, {}};
  for (const std::size_t row : rows) images.append(rows_[row]);
  return facenet::template_of(images);
}

void Enrolled::renew_template(std::size_t person) {
  const std::int64_t id = people_[person].id;
  entries_.remove(std::span(&id, 1));
  entries_.add(id, template_of(people_[person].rows));
  places_[id] = person;
}

void Enrolled::place_people() {
  places_.clear();
  if (ranking_ == PersonRanking::mean) {
    for (std::size_t p = 0; p < people_.size(); ++p) places_[people_[p].id] = p;
  } else {
    for (const OneImage& image : images_) places_[image.id] = image.person;
  }
}

Entries Enrolled::entries_for(GallerySearch search, const GalleryProgress& progress,
                              const std::stop_token& stop) const {
  std::vector<std::int64_t> ids;
  Entries entries(search);
  if (ranking_ == PersonRanking::mean) {
    Embeddings templates{rows_.dimension, {}};
    for (const OnePerson& person : people_) {
      ids.push_back(person.id);
      templates.append(template_of(person.rows));
    }
    entries.build(search, ids, templates, progress, stop);
  } else {
    for (const OneImage& image : images_) ids.push_back(image.id);
    entries.build(search, ids, rows_, progress, stop);
  }
  return entries;
}

void Enrolled::index() {
  entries_ = entries_for(entries_.asked(), {}, {});
  place_people();
}

// The k best people among the nearest entries.
std::vector<Found> Enrolled::ranked(std::span<const Hit> hits, std::int32_t k) const {
  std::vector<Found> found;
  std::vector<float> votes;
  std::unordered_map<std::size_t, std::size_t> seen;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    const std::size_t person = person_of(hits[i].id);
    const auto [place, fresh] = seen.try_emplace(person, found.size());
    if (fresh) {
      found.push_back({person, hits[i].distance});
      votes.push_back(0);
    }
    if (ranking_ == PersonRanking::vote && i < kVoters) {
      votes[place->second] += std::exp(-kVoteDecay * hits[i].distance);
    }
  }
  std::vector<std::size_t> order(found.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (votes[a] != votes[b]) return votes[a] > votes[b];
    if (found[a].distance != found[b].distance) return found[a].distance < found[b].distance;
    return people_[found[a].person].name < people_[found[b].person].name;
  });
  std::vector<Found> result;
  for (const std::size_t at : order) {
    if (result.size() == static_cast<std::size_t>(k)) break;
    result.push_back(found[at]);
  }
  return result;
}

// Whether more entries could change nothing: there are no others, or all that are as near as the last of k are known.
bool Enrolled::settled(std::span<const Hit> hits, std::int64_t asked, std::span<const Found> found,
                       std::int32_t k) const {
  if (static_cast<std::int64_t>(hits.size()) < asked || asked >= entries_.size()) return true;
  if (found.size() < static_cast<std::size_t>(k)) return false;
  float furthest = 0;
  for (const Found& one : found) furthest = std::max(furthest, one.distance);
  return hits.back().distance > furthest;
}

std::vector<std::vector<Found>> Enrolled::search(const Embeddings& queries, std::int32_t k) const {
  std::vector<std::vector<Found>> results(queries.size());
  if (entries_.size() == 0) return results;
  std::vector<std::size_t> open(queries.size());
  std::iota(open.begin(), open.end(), std::size_t{0});
  // People have several images each: more are asked for until there are k people.
  for (std::int64_t asked = std::int64_t{k} + static_cast<std::int64_t>(kVoters); !open.empty(); asked *= 4) {
    asked = std::min(asked, entries_.size());
    Embeddings some{queries.dimension, {}};
    for (const std::size_t query : open) some.append(queries[query]);
    const Hits hits = entries_.nearest(some, asked);
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < open.size(); ++i) {
      results[open[i]] = ranked(hits[i], k);
      if (!settled(hits[i], asked, results[open[i]], k)) left.push_back(open[i]);
    }
    open = std::move(left);
  }
  return results;
}

std::vector<LeftOut> Enrolled::leave_out(std::span<const std::size_t> images) const {
  const bool templates = ranking_ == PersonRanking::mean;
  const auto own_entries = [&](std::size_t image) {
    return templates ? std::size_t{1} : people_[images_[image].person].rows.size();
  };
  // Those of people with about as many images together: each needs its own out of the way.
  std::vector<std::size_t> order(images.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return own_entries(images[a]) < own_entries(images[b]); });
  std::vector<LeftOut> results(images.size(), {kInfinite, kInfinite});
  constexpr std::size_t kMostHits = std::size_t{1} << 20U;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    const auto asked = [&](std::size_t last) { return own_entries(images[order[last]]) + kVoters + 1; };
    while (end < order.size() && (end + 1 - begin) * asked(end) <= kMostHits) ++end;
    Embeddings queries{rows_.dimension, {}};
    for (std::size_t i = begin; i < end; ++i) queries.append(rows_[images[order[i]]]);
    const Hits found = entries_.nearest(queries, static_cast<std::int64_t>(asked(end - 1)));
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t image = images[order[i]];
      const std::size_t person = images_[image].person;
      std::vector<Hit> others;   // entries of other people
      std::vector<Hit> without;  // all entries but this image
      for (const Hit& hit : found[i - begin]) {
        if (person_of(hit.id) != person) others.push_back(hit);
        if (templates ? person_of(hit.id) != person : hit.id != images_[image].id) without.push_back(hit);
      }
      if (templates && people_[person].rows.size() > 1) {
        std::vector<std::size_t> rest = people_[person].rows;
        std::erase(rest, image);
        const float distance = squared_distance(rows_[image], template_of(rest));
        without.insert(std::upper_bound(without.begin(), without.end(), Hit{people_[person].id, distance}),
                       {people_[person].id, distance});
      }
      LeftOut& result = results[order[i]];
      if (const auto best = ranked(without, 1); !best.empty() && best[0].person == person) {
        result.recognised = best[0].distance;
      }
      if (const auto best = ranked(others, 1); !best.empty()) result.stranger = best[0].distance;
    }
    begin = end;
  }
  return results;
}

}  // namespace facenet
