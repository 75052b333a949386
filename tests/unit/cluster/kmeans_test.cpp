// How many clusters k-means finds by itself, and how good each is said to be.
#include <cmath>

#include "catch.hpp"
#include "facenet/evaluation.hpp"
#include "naive.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

const Clusterer kAny({.method = ClusterMethod::kmeans});

}  // namespace

TEST_CASE("without a number of clusters, k-means finds that of the people") {
  for (const std::size_t count : {2U, 3U, 7U, 20U, 60U}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      INFO(count << " people, seed " << seed);
      const Embeddings e = people(count, 8, 32, 10 * seed, 0.4);
      std::vector<std::int32_t> truth;
      for (std::size_t i = 0; i < e.size(); ++i) truth.push_back(static_cast<std::int32_t>(i % count));
      const Clustering found = kAny.cluster(e);
      REQUIRE(std::abs(found.clusters() - static_cast<double>(count)) <= 0.1 * static_cast<double>(count));
      REQUIRE(score_clustering(found.labels, truth).pairwise.f > 0.9);
      REQUIRE(kAny.cluster(e).labels == found.labels);
    }
  }
}

TEST_CASE("one person, copies and one face are one cluster, unless somebody says otherwise") {
  REQUIRE(kAny.cluster(people(1, 30, 32, 5, 0.6)).clusters() == 1);
  REQUIRE(kAny.cluster(Embeddings{2, std::vector<float>(40, 0.5F)}).clusters() == 1);
  REQUIRE(kAny.cluster(Embeddings{2, {1, 0}}).clusters() == 1);
  const Embeddings e = people(4, 8, 32, 2, 0.3);
  Constraints said{.same = {{0, 1}}, .different = {{2, 6}}};  // people 0 and 1 are one; 2 and 6 are of one person
  const Clustering found = kAny.cluster(e, said);
  REQUIRE(found.labels[0] == found.labels[1]);
  REQUIRE(found.labels[2] != found.labels[6]);
  REQUIRE(kAny.cluster(Embeddings{2, {1, 0, 1, 0}}, {.different = {{0, 1}}}).clusters() == 2);
}

TEST_CASE("a cluster's quality is how much nearer its items are to each other than to those of the next") {
  const Embeddings e = people(6, 5, 16, 9, 0.5);
  const Clustering found = Clusterer({.clusters = 7}).cluster(e);
  std::vector<Members> members(7);
  for (std::size_t i = 0; i < e.size(); ++i) members[static_cast<std::size_t>(found.labels[i])].push_back(i);
  REQUIRE(found.quality.size() == 7);
  for (std::size_t c = 0; c < members.size(); ++c) {
    double other = 1e9;
    for (std::size_t o = 0; o < members.size(); ++o) {
      if (o != c) other = std::min(other, apart(e, ClusterMethod::average, members[c], members[o]));
    }
    const auto n = static_cast<double>(members[c].size());
    // Of an item with itself the distance is 0, which the mean over all pairs has in it.
    const double own = n < 2 ? 0 : apart(e, ClusterMethod::average, members[c], members[c]) * n / (n - 1);
    const double expected = n < 2 ? 0 : other / (own + other);
    REQUIRE(static_cast<double>(found.quality[c]) == Approx(expected).epsilon(1e-4));
  }
}
