// Thresholds from known people, suggestions to a person, and clusters that stay while others join.
#include <cmath>
#include <map>
#include <set>

#include "catch.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"
#include "facenet/known_clusters.hpp"
#include "naive.hpp"

using namespace facenet;
using namespace facenet::test;

namespace {

std::vector<std::int32_t> truth_of(const Embeddings& e, std::size_t count) {
  std::vector<std::int32_t> truth;
  for (std::size_t i = 0; i < e.size(); ++i) truth.push_back(static_cast<std::int32_t>(i % count));
  return truth;
}

}  // namespace

TEST_CASE("a threshold from some people groups others as well as any threshold does, nearly") {
  const Embeddings known = people(60, 6, 24, 1, 0.6);
  const Embeddings others = people(60, 6, 24, 1000, 0.6);
  const auto truth = truth_of(others, 60);
  for (const ClusterMethod method : {ClusterMethod::average, ClusterMethod::complete, ClusterMethod::single,
                                     ClusterMethod::centroid, ClusterMethod::graph}) {
    INFO(name_of(method));
    const auto found = calibrate_clustering(known, truth_of(known, 60), {.method = method});
    const auto own = Clusterer({.method = method, .threshold = found.threshold}).cluster(known);
    REQUIRE(score_clustering(own.labels, truth_of(known, 60)).bcubed.f == found.scores.bcubed.f);
    double best = 0;
    for (float threshold = 0.05F; threshold < 2; threshold += 0.05F) {
      const auto tried = Clusterer({.method = method, .threshold = threshold}).cluster(others);
      best = std::max(best, score_clustering(tried.labels, truth).bcubed.f);
    }
    const auto tried = Clusterer({.method = method, .threshold = found.threshold}).cluster(others);
    REQUIRE(score_clustering(tried.labels, truth).bcubed.f > best - 0.03);
  }
  // People far apart: every threshold between is right, and the middle is taken.
  const Embeddings clear{1, {1, 2, 101, 102}};
  const auto middle = calibrate_clustering(clear, std::vector<std::int32_t>{0, 0, 1, 1}, {});
  REQUIRE(middle.scores.bcubed.f == 1);
  REQUIRE(middle.threshold > 1000);
  REQUIRE_THROWS_AS(calibrate_clustering(known, truth_of(known, 60), {.method = ClusterMethod::kmeans}),
                    InvalidArgument);
  REQUIRE_THROWS_AS(calibrate_clustering(clear, std::vector<std::int32_t>{0, 1, 2, 3}, {}), InvalidArgument);
}

TEST_CASE("suggestions: near clusters and loose ones first, but not what has been answered") {
  // Two clusters that nearly are one, one that nearly is two, one far away.
  const Embeddings e{1, {1, 1.1F, 2.2F, 2.3F, 11, 11.1F, 11.9F, 12, 51}};
  const Clusterer clusterer({.threshold = 1.0F});
  const Clustering found = clusterer.cluster(e);
  REQUIRE(found.labels == std::vector<std::int32_t>{1, 1, 2, 2, 0, 0, 0, 0, 3});
  const auto all = clusterer.suggest(e, found);
  REQUIRE(all.size() >= 3);
  for (std::size_t i = 1; i < all.size(); ++i) REQUIRE(all[i - 1].confidence >= all[i].confidence);
  // The mean squared distance of {11, 11.1} and {11.9, 12} is 0.815, that of {1, 1.1} and {2.2, 2.3} 1.445.
  REQUIRE_FALSE(all[0].merge);
  REQUIRE(all[0].distance == Approx(0.815F).epsilon(1e-3));
  REQUIRE(all[0].confidence == Approx(-0.185F).epsilon(1e-2));
  REQUIRE((all[0].a == 4 || all[0].a == 5));
  REQUIRE((all[0].b == 6 || all[0].b == 7));
  REQUIRE(all[1].merge);
  REQUIRE(all[1].distance == Approx(1.445F).epsilon(1e-3));
  REQUIRE(std::set<std::int32_t>{found.labels[static_cast<std::size_t>(all[1].a)],
                                 found.labels[static_cast<std::size_t>(all[1].b)]} == std::set<std::int32_t>{1, 2});
  REQUIRE(clusterer.suggest(e, found, {}, 1).size() == 1);

  const Constraints answered{.same = {{4, 6}, {5, 7}}, .different = {{1, 2}}};
  for (const Suggestion& one : clusterer.suggest(e, found, answered)) {
    if (one.merge) {
      REQUIRE(one.distance > 2);
    } else {
      REQUIRE(one.distance < 0.815F);  // {11, 11.9} and {11.1, 12}, and the pairs
    }
  }
  const Constraints none{.not_a_face = {8}};
  const Clustering without = clusterer.cluster(e, none);
  for (const Suggestion& one : clusterer.suggest(e, without, none)) REQUIRE((one.a != 8 && one.b != 8));
  REQUIRE(clusterer.suggest({}, {}).empty());
  REQUIRE_THROWS_AS(Clusterer({.clusters = 2}).suggest(e, found), InvalidArgument);
  REQUIRE_THROWS_AS(clusterer.suggest(Embeddings{1, {0}}, found), InvalidArgument);
}

TEST_CASE("numbers without a dimension are no embeddings") {
  REQUIRE_THROWS_AS(Clusterer({.threshold = 1.0F}).cluster(Embeddings{0, {std::nanf("")}}), InvalidArgument);
}

TEST_CASE("a clustering whose sizes are not those of its labels is refused") {
  const Embeddings e{1, {1, 1.1F, 5}};
  const Clusterer clusterer({.threshold = 1.0F});
  Clustering wrong = clusterer.cluster(e);
  wrong.labels = {0, 0, 0};  // nobody is in the second cluster
  REQUIRE_THROWS_AS(clusterer.suggest(e, wrong), InvalidArgument);
  REQUIRE_THROWS_AS(KnownClusters(e, wrong), InvalidArgument);
}

TEST_CASE("clusters that are kept together take new items in, and differ little from a full run") {
  const Embeddings e = people(80, 9, 24, 5, 0.6);
  const std::size_t old = e.size() - 80;  // one new item of each
  const Embeddings before{e.dimension, {e.values.begin(), e.values.begin() + static_cast<std::ptrdiff_t>(old * 24)}};
  for (const auto& [method, threshold] :
       {std::pair(ClusterMethod::average, 0.7F), std::pair(ClusterMethod::graph, 0.6F)}) {
    INFO(name_of(method));
    const Clusterer clusterer({.method = method, .threshold = threshold});
    const Clustering first = clusterer.cluster(before);
    Constraints keep;
    keep.keep_together(first.labels);
    const Clustering then = clusterer.cluster(e, keep);
    std::map<std::int32_t, std::int32_t> went;
    for (std::size_t i = 0; i < old; ++i) {
      REQUIRE(went.try_emplace(first.labels[i], then.labels[i]).first->second == then.labels[i]);
    }
    REQUIRE(score_clustering(then.labels, clusterer.cluster(e).labels).pairwise.f > 0.97);
  }
  Constraints keep;
  keep.keep_together(std::vector<std::int32_t>{0, -1, 0, 1, -1});
  REQUIRE(keep.same == std::vector<std::pair<std::int32_t, std::int32_t>>{{0, 2}});
}
