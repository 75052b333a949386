// Pairs for verification, drawn from labelled embeddings.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>

#include "base/random.hpp"

namespace facenet {
namespace {

// The numbers from 0 to `left - 1` in a random order, each once: a shuffle that remembers only what it has moved, since
// one person's 20,000 images make 200 million pairs.
class Lottery {
 public:
  explicit Lottery(std::uint64_t count) : left_(count) {}
  std::uint64_t left() const { return left_; }
  /// What lies at a place below left().
  std::uint64_t at(std::uint64_t place) const {
    const auto moved = moved_.find(place);
    return moved == moved_.end() ? place : moved->second;
  }
  void remove(std::uint64_t place) {
    --left_;
    if (place != left_) moved_[place] = at(left_);
    moved_.erase(left_);
  }
  std::uint64_t draw(Random& random) {
    const std::uint64_t place = random.below(left_);
    const std::uint64_t drawn = at(place);
    remove(place);
    return drawn;
  }

 private:
  std::uint64_t left_;
  std::unordered_map<std::uint64_t, std::uint64_t> moved_{};
};

std::uint64_t pairs_among(std::uint64_t count) { return count < 2 ? 0 : count * (count - 1) / 2; }

// The pairs (0,1), (0,2), (1,2), (0,3), ... by their number.
std::pair<std::size_t, std::size_t> pair_of(std::uint64_t number) {
  auto b = static_cast<std::uint64_t>((1 + std::sqrt(8 * static_cast<double>(number) + 1)) / 2);
  while (pairs_among(b) > number) --b;  // where the root was rounded
  while (pairs_among(b + 1) <= number) ++b;
  return {static_cast<std::size_t>(number - pairs_among(b)), static_cast<std::size_t>(b)};
}

struct Person {
  std::vector<std::size_t> images;
  Lottery pairs;
};

// People in folds: the k-th person in a shuffled order goes to fold k mod folds.
std::vector<std::vector<Person>> divided(std::span<const std::int32_t> labels, std::int32_t folds, Random& random) {
  std::map<std::int32_t, std::vector<std::size_t>> images;
  for (std::size_t i = 0; i < labels.size(); ++i) images[labels[i]].push_back(i);
  std::vector<Person> people;
  for (auto& [label, list] : images) {
    const std::uint64_t pairs = pairs_among(list.size());
    people.push_back({std::move(list), Lottery(pairs)});
  }
  random.shuffle(std::span(people));
  // Those with pairs first: each fold then gets its share of them.
  std::stable_partition(people.begin(), people.end(), [](const Person& p) { return p.pairs.left() > 0; });
  std::vector<std::vector<Person>> result(static_cast<std::size_t>(folds));
  for (std::size_t i = 0; i < people.size(); ++i) result[i % result.size()].push_back(std::move(people[i]));
  return result;
}

}  // namespace

std::vector<ScoredPair> pairs_of_people(const Embeddings& embeddings, std::span<const std::int32_t> labels,
                                        std::int32_t folds, std::int64_t most_same, double different_per_same,
                                        std::uint64_t seed) {
  if (labels.size() != embeddings.size()) throw InvalidArgument("pairs_of_people wants a label for each embedding");
  if (folds < 1 || most_same < folds || !(different_per_same > 0)) {
    throw InvalidArgument("pairs_of_people wants 1 fold or more, and pairs for each");
  }
  Random random(seed, 0x9a125);
  std::vector<ScoredPair> pairs;
  const auto add = [&](std::size_t a, std::size_t b, bool same, std::size_t fold) {
    pairs.push_back({squared_distance(embeddings[a], embeddings[b]), same, static_cast<std::int32_t>(fold) + 1,
                     labels[a], labels[b]});
  };
  auto people = divided(labels, folds, random);
  for (std::size_t fold = 0; fold < people.size(); ++fold) {
    auto& here = people[fold];
    const std::size_t quota = static_cast<std::size_t>(most_same / folds);
    std::size_t same = 0;
    for (bool more = true; more && same < quota;) {  // in rounds: a pair of each person that has any left
      more = false;
      for (auto& person : here) {
        if (person.pairs.left() == 0 || same == quota) continue;
        const auto [a, b] = pair_of(person.pairs.draw(random));
        add(person.images[a], person.images[b], true, fold);
        ++same;
        more = true;
      }
    }
    if (same == 0 || here.size() < 2) {
      throw InvalidArgument("there are too few people with two images or more for " + std::to_string(folds) +
                            " fold(s) of pairs");
    }
    // Two people first, then an image of each: nobody with many images drowns the rest.
    const double different = std::floor(static_cast<double>(same) * different_per_same + 0.5);
    Lottery couples(pairs_among(here.size()));
    std::unordered_map<std::uint64_t, Lottery> of_couple;
    for (std::size_t i = 0; static_cast<double>(i) < different && couples.left() > 0; ++i) {
      const std::uint64_t place = random.below(couples.left());
      const std::uint64_t couple = couples.at(place);
      const auto [a, b] = pair_of(couple);
      const std::uint64_t across = here[b].images.size();
      Lottery& lottery = of_couple.try_emplace(couple, here[a].images.size() * across).first->second;
      const std::uint64_t drawn = lottery.draw(random);
      add(here[a].images[drawn / across], here[b].images[drawn % across], false, fold);
      if (lottery.left() == 0) couples.remove(place);
    }
  }
  return pairs;
}

}  // namespace facenet
