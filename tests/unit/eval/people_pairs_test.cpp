// Pairs drawn by people: no pair twice, nobody in two folds, as many as asked, and no more than there are.
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "catch.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"

using namespace facenet;

namespace {

/// Images of one number each, of which no two differ by the same: a distance says which two images it is between.
struct Faces {
  Embeddings embeddings;
  std::vector<std::int32_t> labels;
  std::map<float, std::pair<std::size_t, std::size_t>> pair_at;

  explicit Faces(const std::vector<int>& images_of_each) {
    for (std::size_t person = 0; person < images_of_each.size(); ++person) {
      labels.insert(labels.end(), static_cast<std::size_t>(images_of_each[person]), static_cast<std::int32_t>(person));
    }
    std::vector<int> marks;
    std::set<int> differences;
    for (int mark = 0; marks.size() < labels.size(); ++mark) {
      std::set<int> fresh;
      for (const int other : marks) fresh.insert(mark - other);
      bool taken = false;
      for (const int difference : fresh) taken = taken || differences.count(difference) > 0;
      if (taken) continue;
      differences.merge(fresh);
      for (std::size_t i = 0; i < marks.size(); ++i) {
        const auto difference = static_cast<float>(mark - marks[i]);
        pair_at[difference * difference] = {i, marks.size()};
      }
      marks.push_back(mark);
      embeddings.append(std::vector<float>{static_cast<float>(mark)});
    }
  }
};

std::int64_t count_same(const std::vector<ScoredPair>& pairs) {
  std::int64_t same = 0;
  for (const auto& pair : pairs) same += pair.same ? 1 : 0;
  return same;
}

}  // namespace

TEST_CASE("asked for more than there are, every pair of a fold's people comes once") {
  const Faces faces({6, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1});
  const auto pairs = pairs_of_people(faces.embeddings, faces.labels, 2, 1000, 100);
  std::map<std::int32_t, std::int32_t> fold_of;
  std::set<float> seen;
  for (const auto& pair : pairs) {
    INFO("squared distance " << pair.distance);
    REQUIRE(seen.insert(pair.distance).second);
    const auto [a, b] = faces.pair_at.at(pair.distance);
    REQUIRE(pair.same == (faces.labels[a] == faces.labels[b]));
    for (const std::size_t image : {a, b}) {
      REQUIRE(fold_of.emplace(faces.labels[image], pair.fold).first->second == pair.fold);
    }
  }
  REQUIRE(fold_of.size() == 11);
  CHECK(count_same(pairs) == 15 + 6 + 3 + 1 + 1 + 1);
  std::int64_t different = 0;
  for (std::size_t a = 0; a < faces.labels.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      different += faces.labels[a] != faces.labels[b] && fold_of[faces.labels[a]] == fold_of[faces.labels[b]] ? 1 : 0;
    }
  }
  CHECK(static_cast<std::int64_t>(pairs.size()) - count_same(pairs) == different);
}

TEST_CASE("as many pairs as asked, person by person in turn, the same for a seed") {
  const Faces faces({9, 4, 3, 2, 2, 2, 1, 1});
  const auto draw = [&](std::uint64_t seed) {
    std::vector<float> distances;
    for (const auto& pair : pairs_of_people(faces.embeddings, faces.labels, 1, 6, 2.5, seed)) {
      distances.push_back(pair.distance);
    }
    return distances;
  };
  const auto pairs = pairs_of_people(faces.embeddings, faces.labels, 1, 6, 2.5, 4);
  CHECK(count_same(pairs) == 6);
  CHECK(pairs.size() == 6 + 15);
  std::set<std::int32_t> people;
  for (const auto& pair : pairs) {
    if (pair.same) people.insert(faces.labels[faces.pair_at.at(pair.distance).first]);
  }
  CHECK(people.size() == 6);
  CHECK(draw(4) == draw(4));
  CHECK(draw(4) != draw(5));
}

TEST_CASE("a person of 20,000 images costs no more than the pairs drawn") {
  Embeddings embeddings;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 20003; ++i) {
    embeddings.append(std::vector<float>{static_cast<float>(i)});
    labels.push_back(i < 3 ? 1 : 0);
  }
  const auto pairs = pairs_of_people(embeddings, labels, 1, 500);
  CHECK(count_same(pairs) == 500);
  CHECK(pairs.size() == 1000);
}

TEST_CASE("too few people for the folds") {
  const Faces faces({3, 1, 1, 1});
  CHECK_THROWS_AS(pairs_of_people(faces.embeddings, faces.labels, 2), InvalidArgument);
  CHECK_NOTHROW(pairs_of_people(faces.embeddings, faces.labels, 1));
  CHECK_THROWS_AS(pairs_of_people(faces.embeddings, std::vector<std::int32_t>{0}, 1), InvalidArgument);
}
