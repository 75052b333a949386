// Clustering scores against sums over all pairs and items; identification against a case worked out by hand.
#include <limits>

#include "base/random.hpp"
#include "catch.hpp"
#include "facenet/error.hpp"
#include "facenet/evaluation.hpp"

using namespace facenet;

TEST_CASE("clustering scores equal the definitions, item by item and pair by pair") {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    const std::size_t n = 1 + random.below(60);
    std::vector<std::int32_t> clusters(n);
    std::vector<std::int32_t> truth(n);
    for (std::size_t i = 0; i < n; ++i) {
      clusters[i] = static_cast<std::int32_t>(random.below(8)) - 4;
      truth[i] = random.chance(0.6) ? clusters[i] * 3 : static_cast<std::int32_t>(random.below(20));
    }
    double together = 0;
    double claimed = 0;
    double real = 0;
    double precision = 0;
    double recall = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double both = 0;
      double cluster = 0;
      double person = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const bool c = clusters[i] == clusters[j];
        const bool t = truth[i] == truth[j];
        both += c && t ? 1 : 0;
        cluster += c ? 1 : 0;
        person += t ? 1 : 0;
        if (j > i) {
          together += c && t ? 1 : 0;
          claimed += c ? 1 : 0;
          real += t ? 1 : 0;
        }
      }
      precision += both / cluster / static_cast<double>(n);
      recall += both / person / static_cast<double>(n);
    }
    const auto scores = score_clustering(clusters, truth);
    REQUIRE(scores.bcubed.precision == Approx(precision));
    REQUIRE(scores.bcubed.recall == Approx(recall));
    REQUIRE(scores.bcubed.f == Approx(2 * precision * recall / (precision + recall)));
    if (claimed > 0) REQUIRE(scores.pairwise.precision == Approx(together / claimed));
    if (real > 0) REQUIRE(scores.pairwise.recall == Approx(together / real));
  }
}

TEST_CASE("clustering scores at the edges") {
  const std::vector<std::int32_t> alone{0, 1, 2, 3};
  const std::vector<std::int32_t> one{0, 0, 0, 0};
  auto scores = score_clustering(alone, one);
  REQUIRE(scores.pairwise.precision == 1);
  REQUIRE(scores.pairwise.recall == 0);
  REQUIRE(scores.pairwise.f == 0);
  REQUIRE(scores.bcubed.precision == 1);
  REQUIRE(scores.bcubed.recall == Approx(0.25));
  scores = score_clustering(one, alone);
  REQUIRE(scores.pairwise.precision == 0);
  REQUIRE(scores.pairwise.recall == 1);
  REQUIRE(scores.bcubed.precision == Approx(0.25));
  REQUIRE(score_clustering(one, one).pairwise.f == 1);
  REQUIRE_THROWS_AS(score_clustering({}, {}), InvalidArgument);
  REQUIRE_THROWS_AS(score_clustering(alone, std::vector<std::int32_t>{1}), InvalidArgument);
}

TEST_CASE("identification ranks people by their nearest image") {
  const Embeddings gallery{1, {0.0F, 1.0F, 2.0F, 2.1F, 10.0F}};
  const std::vector<std::int32_t> people{7, 7, 8, 8, 9};
  const Embeddings probes{1, {0.9F, 1.4F, 9.0F, 0.0F, 5.0F}};
  const std::vector<std::int32_t> truth{7, 8, 7, 9, 42};
  // 0.9: 7 first. 1.4: 7 (0.4) before 8 (0.6). 9.0: 9, 8, 7. 0.0: 7, 8, 9. 42 is not in the gallery.
  const auto result = evaluate_identification(gallery, people, probes, truth, 3);
  REQUIRE(result.probes == 4);
  REQUIRE(result.unmated == 1);
  REQUIRE(result.rank == std::vector<double>{0.25, 0.5, 1.0});
  REQUIRE(evaluate_identification({}, {}, probes, truth).probes == 0);
  REQUIRE_THROWS_AS(evaluate_identification(gallery, people, Embeddings{2, {1, 2}}, std::vector<std::int32_t>{7}),
                    InvalidArgument);
  Embeddings broken = probes;
  broken.values[1] = std::numeric_limits<float>::infinity();
  REQUIRE_THROWS_AS(evaluate_identification(gallery, people, broken, truth), InvalidArgument);
}
