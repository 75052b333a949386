// Pairs for verification, drawn from labelled embeddings.
#include <algorithm>
#include <map>
#include <string>

#include <facenet/error.hpp>
#include <facenet/evaluation.hpp>

#include "base/random.hpp"

namespace facenet {
namespace {

struct Person {
  std::vector<std::size_t> images;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;  // shuffled, the next to take last
};

// People in folds: the k-th person in a shuffled order goes to fold k mod folds.
std::vector<std::vector<Person>> divided(std::span<const std::int32_t> labels, std::int32_t folds, Random& random) {
  std::map<std::int32_t, std::vector<std::size_t>> images;
  for (std::size_t i = 0; i < labels.size(); ++i) images[labels[i]].push_back(i);
  std::vector<Person> people;
  for (auto& [label, list] : images) {
    Person person{std::move(list), {}};
    for (std::size_t i = 0; i < person.images.size(); ++i) {
      for (std::size_t j = i + 1; j < person.images.size(); ++j) {
        person.pairs.emplace_back(person.images[i], person.images[j]);
      }
    }
    random.shuffle(std::span(person.pairs));
    people.push_back(std::move(person));
  }
  random.shuffle(std::span(people));
  // Those with pairs first: each fold then gets its share of them.
  std::stable_partition(people.begin(), people.end(), [](const Person& p) { return !p.pairs.empty(); });
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
    pairs.push_back({squared_distance(embeddings[a], embeddings[b]), same, static_cast<std::int32_t>(fold) + 1});
  };
  auto people = divided(labels, folds, random);
  for (std::size_t fold = 0; fold < people.size(); ++fold) {
    auto& here = people[fold];
    const std::size_t quota = static_cast<std::size_t>(most_same / folds);
    std::size_t same = 0;
    for (bool more = true; more && same < quota;) {  // in rounds: a pair of each person that has any left
      more = false;
      for (auto& person : here) {
        if (person.pairs.empty() || same == quota) continue;
        add(person.pairs.back().first, person.pairs.back().second, true, fold);
        person.pairs.pop_back();
        ++same;
        more = true;
      }
    }
    if (same == 0 || here.size() < 2) {
      throw InvalidArgument("there are too few people with two images or more for " + std::to_string(folds) +
                            " fold(s) of pairs");
    }
    const auto different = static_cast<std::size_t>(static_cast<double>(same) * different_per_same + 0.5);
    for (std::size_t i = 0; i < different; ++i) {
      const std::size_t a = random.below(here.size());
      std::size_t b = random.below(here.size() - 1);
      if (b >= a) ++b;
      add(here[a].images[random.below(here[a].images.size())], here[b].images[random.below(here[b].images.size())],
          false, fold);
    }
  }
  return pairs;
}

}  // namespace facenet
